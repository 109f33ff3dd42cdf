package dev.platter.emulator.lab.punting;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.file.FileHandle;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import dev.platter.devices.block.image.ImageCreator;
import dev.platter.devices.block.image.Preallocation;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The layout of a file before it is written to. */
enum WriteLayout {
  /** The file is empty. */
  NONE("none", "end of file: extends it", true, true, null),
  /** Only its size is set. */
  SPARSE("truncate (sparse)", "hole", null, null, Preallocation.OFF),
  /** Space is reserved behind the end of an empty file. */
  KEEP_SIZE("KEEP_SIZE", "end of file, reserved: extends it", true, true, null),
  /** Space is reserved behind the end of an empty file, and then its size is set. */
  KEEP_SIZE_SIZED("KEEP_SIZE + truncate", "unwritten", null, null, Preallocation.FALLOC_KEEP_SIZE),
  /** Space is reserved and its size set. */
  FALLOCATED("fallocate", "unwritten", true, false, Preallocation.FALLOC),
  /** All of it is written. */
  WRITTEN("all written", "written", null, null, Preallocation.FULL);

  private final String label;
  private final String meets;
  private final @Nullable Boolean puntedOn61;
  private final @Nullable Boolean puntedOn612;
  private final @Nullable Preallocation image;

  WriteLayout(
      String label,
      String meets,
      @Nullable Boolean puntedOn61,
      @Nullable Boolean puntedOn612,
      @Nullable Preallocation image) {
    this.label = label;
    this.meets = meets;
    this.puntedOn61 = puntedOn61;
    this.puntedOn612 = puntedOn612;
    this.image = image;
  }

  /**
   * The storage that the writes of a pass find: for the first pass by layout, then the result of
   * the first pass.
   */
  String meets(int pass) {
    return pass == 1 ? meets : "written";
  }

  /**
   * The published results of first writes on ext4, Linux 6.1 and then 6.12; null where none were
   * published.
   */
  @Nullable String published() {
    return puntedOn61 == null || puntedOn612 == null
        ? null
        : word(puntedOn61) + " / " + word(puntedOn612);
  }

  private static String word(boolean punted) {
    return punted ? "punted" : "inline";
  }

  /**
   * Makes a new file with this layout.
   *
   * @throws PlatterException if that fails, or the file system lacks the means
   */
  void make(Path file, long sizeBytes) {
    if (image != null) {
      ImageCreator.create(file.toString(), sizeBytes, image, false, written -> {});
      return;
    }
    try (FileHandle created = FileHandle.create(file.toString())) {
      if (this == KEEP_SIZE) {
        int result = Libc.fallocate(created.fd(), LinuxAbi.FALLOC_FL_KEEP_SIZE, 0, sizeBytes);
        if (result < 0) {
          throw PlatterException.failed(
                  "cannot reserve space for " + file + ": " + Errno.name(result), null)
              .at(file.toString(), -result);
        }
      }
      Libc.fsync(created.fd());
    }
  }

  /** As JSON names it. */
  String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** For people. */
  @Override
  public String toString() {
    return label;
  }
}
