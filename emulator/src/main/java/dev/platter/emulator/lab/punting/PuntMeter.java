package dev.platter.emulator.lab.punting;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Libc;
import dev.platter.emulator.lab.Plant;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Counts, on files of its own, which writes are punted. Leaves no file behind. */
final class PuntMeter {
  /** Makes a file to write to. */
  interface Preparation {
    /**
     * Makes the file.
     *
     * @throws PlatterException if the file cannot be made
     */
    void make(Path file);
  }

  /** The time between two ticks of the clock of file times. */
  static final long TICK_NANOS = tickNanos();

  private final @Nullable TracepointCounter tracepoint;
  private final int writes;
  private final BooleanSupplier stopped;
  private final Plant plant;

  /**
   * Prepares.
   *
   * @param tracepoint counts punts; null if it cannot be used
   * @param writes how many writes of 8 KiB
   * @param stopped whether to end early; asked before each write
   * @param plant whether to replace the sparse file by another layout
   */
  PuntMeter(
      @Nullable TracepointCounter tracepoint, int writes, BooleanSupplier stopped, Plant plant) {
    this.tracepoint = tracepoint;
    this.writes = writes;
    this.stopped = stopped;
    this.plant = plant;
  }

  private WriteLayout made(WriteLayout layout) {
    if (layout != WriteLayout.SPARSE) {
      return layout;
    }
    return switch (plant) {
      case NONE -> layout;
      case PRESENT -> WriteLayout.NONE;
      case ABSENT -> WriteLayout.WRITTEN;
    };
  }

  private static long tickNanos() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment timespec = arena.allocate(2L * Long.BYTES, Long.BYTES);
      int result = Libc.clockGetres(LinuxAbi.CLOCK_REALTIME_COARSE, timespec);
      return result < 0 ? 4_000_000 : timespec.get(JAVA_LONG, Long.BYTES);
    }
  }

  /** How large the files are. */
  long sizeBytes() {
    return (long) writes * DirectWriter.PIECE_BYTES;
  }

  /**
   * Tries all layouts on a file system, twice over each file.
   *
   * @param progress gets the layout
   * @return the cases, without those of a layout that was stopped early
   */
  List<PuntCase> table(FilesystemUnderTest filesystem, Consumer<String> progress) {
    List<PuntCase> cases = new ArrayList<>();
    for (WriteLayout layout : WriteLayout.values()) {
      if (stopped.getAsBoolean()) {
        break;
      }
      progress.accept(filesystem.name() + ", " + layout);
      try {
        List<PuntCount> counts =
            count(filesystem.directory(), file -> made(layout).make(file, sizeBytes()), 2);
        for (int pass = 1; pass <= counts.size(); pass++) {
          cases.add(new PuntCase(filesystem, layout, pass, counts.get(pass - 1), null));
        }
      } catch (PlatterException e) {
        if (stopped.getAsBoolean()) {
          break; // probably because it was stopped
        }
        cases.add(new PuntCase(filesystem, layout, 1, null, String.valueOf(e.getMessage())));
      }
    }
    return cases;
  }

  /**
   * Writes over two files of the same kind, one for each way to count.
   *
   * @param passes how often to write over each
   * @return a count for each pass
   * @throws PlatterException if a file cannot be made or written, or it was stopped
   */
  List<PuntCount> count(Path directory, Preparation preparation, int passes) {
    List<@Nullable Integer> traced = new ArrayList<>();
    List<@Nullable Integer> refused = new ArrayList<>();
    long[] slowest = new long[passes];
    TracepointCounter counter = tracepoint;
    if (counter != null) {
      onFile(
          directory,
          preparation,
          file -> {
            for (int pass = 0; pass < passes; pass++) {
              long begin = System.nanoTime();
              traced.add(traced(counter, file));
              slowest[pass] = System.nanoTime() - begin;
            }
          });
    }
    onFile(
        directory,
        preparation,
        file -> {
          for (int pass = 0; pass < passes; pass++) {
            long begin = System.nanoTime();
            refused.add(refused(file));
            slowest[pass] = Math.max(slowest[pass], System.nanoTime() - begin);
          }
        });
    List<PuntCount> counts = new ArrayList<>();
    for (int pass = 0; pass < passes; pass++) {
      Integer punted = counter == null ? null : traced.get(pass);
      counts.add(new PuntCount(writes, punted, refused.get(pass), slowest[pass] / TICK_NANOS));
    }
    return counts;
  }

  private static void onFile(Path directory, Preparation preparation, Consumer<Path> use) {
    try (ScratchFile file = new ScratchFile(directory.resolve("punting.img"))) {
      preparation.make(file.path());
      use.accept(file.path());
    }
  }

  private int traced(TracepointCounter counter, Path file) {
    try (DirectWriter writer = new DirectWriter(file.toString())) {
      long before = counter.count();
      writer.throughRing(writes, stopped);
      return (int) (counter.count() - before);
    }
  }

  private @Nullable Integer refused(Path file) {
    try (DirectWriter writer = new DirectWriter(file.toString())) {
      return writer.withoutWaiting(writes, stopped);
    } catch (PlatterException e) {
      if (e.kind() == PlatterException.Kind.HOST_LACKS) {
        return null;
      }
      throw e;
    }
  }
}
