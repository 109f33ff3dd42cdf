package dev.platter.emulator.lab.punting;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.host.HostProgram;
import dev.platter.emulator.result.Origin;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Commands that may change a sparse image so that its writes are not punted; its data stays. */
enum PuntRemedy {
  /** Fills the holes with reserved space, in place. */
  FALLOCATE("fills its holes with reserved space, in place"),
  /** Copies it so that all of it is written. */
  REWRITE("copies it so that every block of it is written"),
  /** Copies it into a file that btrfs overwrites in place. */
  NODATACOW(
      "copies it to a file that btrfs overwrites in place, which gives up its checksums and"
          + " compression");

  private final String what;

  PuntRemedy(String what) {
    this.what = what;
  }

  /**
   * A trial of a remedy.
   *
   * @param after the first writes to the image after the remedy; null if it failed
   * @param failure the reason of a failure, or null
   */
  record Trial(
      FilesystemUnderTest filesystem,
      PuntRemedy remedy,
      @Nullable PuntCount after,
      @Nullable String failure) {
    /** Whether writes are no longer punted, or only now and then. */
    boolean works() {
      return after != null && after.punts() != null && !after.many();
    }
  }

  /** Whether the remedy makes another file, which takes the image's place. */
  boolean copies() {
    return this != FALLOCATE;
  }

  /** The effect on an image, in words. */
  String what() {
    return what;
  }

  /** As JSON names it. */
  String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The programs to run. */
  private List<List<String>> commands(String file, long sizeBytes) {
    String size = Long.toString(sizeBytes);
    String copy = file + ".new";
    List<String> data =
        List.of("dd", "if=" + file, "of=" + copy, "bs=1M", "oflag=direct", "conv=notrunc,fsync");
    List<String> rename = List.of("mv", copy, file);
    return switch (this) {
      case FALLOCATE -> List.of(List.of("fallocate", "-l", size, file));
      case REWRITE ->
          List.of(
              // Makes it, with owner, mode, ACLs and other attributes.
              List.of("cp", "--attributes-only", "--preserve=all", "--no-clobber", file, copy),
              data,
              rename);
      case NODATACOW ->
          List.of(
              List.of("touch", copy),
              List.of("chattr", "+C", copy),
              List.of("chown", "--reference=" + file, copy),
              List.of("chmod", "--reference=" + file, copy),
              List.of("fallocate", "-l", size, copy),
              data,
              rename);
    };
  }

  /** The command to type, in which the shell finds out the image's size. */
  String command() {
    return command("IMAGE", 0).replace("-l 0", "-l \"$(stat -c %s IMAGE)\"");
  }

  /** The command to type, for an image. */
  String command(String file, long sizeBytes) {
    return String.join(
        " && ", commands(file, sizeBytes).stream().map(words -> Origin.quoted(words)).toList());
  }

  private void apply(Path file, long sizeBytes) {
    try (ScratchFile _ = new ScratchFile(Path.of(file + ".new"))) {
      for (List<String> command : commands(file.toString(), sizeBytes)) {
        HostProgram.Outcome outcome = HostProgram.run(command);
        if (!outcome.ok()) {
          throw PlatterException.hostLacks(command.getFirst() + ": " + outcome.complaint(), null);
        }
      }
    }
  }

  /** Tries each remedy that may help, on a sparse image of its own. */
  static List<Trial> tryOut(
      FilesystemUnderTest filesystem, PuntMeter meter, BooleanSupplier stopped) {
    List<Trial> trials = new ArrayList<>();
    for (PuntRemedy remedy : values()) {
      if (remedy == NODATACOW && !filesystem.type().equals("btrfs")) {
        continue;
      }
      if (stopped.getAsBoolean()) {
        break;
      }
      Trial trial = remedy.tryOn(filesystem, meter);
      if (stopped.getAsBoolean()) {
        break; // a failure then says nothing
      }
      trials.add(trial);
    }
    return trials;
  }

  private Trial tryOn(FilesystemUnderTest filesystem, PuntMeter meter) {
    // There is data in the middle, which must survive.
    long dataAt = meter.sizeBytes() / DirectWriter.PIECE_BYTES / 2 * DirectWriter.PIECE_BYTES;
    try {
      PuntCount count =
          meter
              .count(
                  filesystem.directory(),
                  file -> {
                    WriteLayout.SPARSE.make(file, meter.sizeBytes());
                    try (DirectWriter writer = new DirectWriter(file.toString())) {
                      writer.writeAt(dataAt);
                    }
                    apply(file, meter.sizeBytes());
                    try (DirectWriter writer = new DirectWriter(file.toString())) {
                      if (!writer.isWrittenAt(dataAt)) {
                        throw PlatterException.failed(
                            command("IMAGE", meter.sizeBytes()) + " has lost data", null);
                      }
                    }
                  },
                  1)
              .getFirst();
      return new Trial(filesystem, this, count, null);
    } catch (PlatterException e) {
      return new Trial(filesystem, this, null, String.valueOf(e.getMessage()));
    }
  }
}
