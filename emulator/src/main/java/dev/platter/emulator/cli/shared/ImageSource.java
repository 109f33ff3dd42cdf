package dev.platter.emulator.cli.shared;

import dev.platter.emulator.measure.workload.RunIdentity;
import dev.platter.emulator.measure.workload.ScratchImage;
import dev.platter.emulator.text.Units;
import java.io.PrintWriter;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The image of a run: the user's, which is left as it is, or a scratch image, which is removed. */
public final class ImageSource implements AutoCloseable {
  private final String path;
  private final @Nullable ScratchImage scratch;

  private ImageSource(String path, @Nullable ScratchImage scratch) {
    this.path = path;
    this.scratch = scratch;
  }

  /**
   * Takes the user's image, or makes one.
   *
   * @param given the user's path, or null
   * @param scratchBytes size of the image to make
   * @param cancelled asked while it is made
   */
  public static ImageSource of(
      @Nullable String given, long scratchBytes, BooleanSupplier cancelled, PrintWriter err) {
    if (given != null) {
      return new ImageSource(given, null);
    }
    try (Progress progress = Progress.on(err)) {
      ScratchImage scratch =
          ScratchImage.create(
              scratchBytes,
              written ->
                  progress.update(
                      "writing a scratch image of " + Units.bytes(scratchBytes),
                      (double) written / scratchBytes),
              cancelled);
      return new ImageSource(scratch.path().toString(), scratch);
    }
  }

  public String path() {
    return path;
  }

  /** The run that every sector of a scratch image is of; null for an image of the user's. */
  public @Nullable RunIdentity scratchRun() {
    return scratch == null ? null : scratch.run();
  }

  @Override
  public void close() {
    if (scratch != null) {
      scratch.close();
    }
  }
}
