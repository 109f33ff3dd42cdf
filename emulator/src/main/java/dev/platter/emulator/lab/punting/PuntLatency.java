package dev.platter.emulator.lab.punting;

import dev.platter.aio.loop.AioConfig;
import dev.platter.devices.block.image.ImageCreator;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.image.Preallocation;
import dev.platter.emulator.lab.LabContext;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.measure.workload.FirstWrites;
import dev.platter.emulator.measure.workload.MeasuredRun;
import dev.platter.emulator.measure.workload.TestBed;
import dev.platter.emulator.result.BenchReport;
import dev.platter.emulator.result.Summary;
import dev.platter.emulator.result.Variant;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Latencies of first writes through emulated disks over images of different layouts. Each run has a
 * new image and a new machine; the kinds of image take turns.
 */
final class PuntLatency {
  /** The images that are compared; an image has its size, so that nothing extends it. */
  static final List<Preallocation> IMAGES =
      List.of(Preallocation.OFF, Preallocation.FALLOC, Preallocation.FULL);

  private static final long HALT_POLL_NANOS = 200_000;

  /**
   * All runs of a device, a depth and a kind of image.
   *
   * @param punted how many writes of a separate run were punted; null if punts cannot be counted
   */
  record LatencyRow(
      DeviceKind device,
      int depth,
      Preallocation image,
      Summary summary,
      @Nullable Integer punted) {
    /** A quantity of each run. */
    double[] each(ToDoubleFunction<MeasuredRun> quantity) {
      return summary.runs().stream().mapToDouble(quantity).toArray();
    }

    /** The row for machines. */
    PuntLatencyRow row() {
      return new PuntLatencyRow(
          device + ", " + name(image) + " image, depth " + depth,
          image.toString(),
          depth,
          punted,
          BenchReport.figures(summary, null));
    }
  }

  private final Path directory;
  private final long sizeBytes;
  private final LabContext context;

  /**
   * Prepares the measurement.
   *
   * @param directory where the images are made, and removed
   * @param sizeBytes of an image
   */
  PuntLatency(Path directory, long sizeBytes, LabContext context) {
    this.directory = directory;
    this.sizeBytes = sizeBytes;
    this.context = context;
  }

  /** The name of that kind of image for people. */
  static String name(Preallocation image) {
    return switch (image) {
      case OFF -> "sparse";
      case FALLOC -> "fallocated";
      case FALLOC_KEEP_SIZE -> "KEEP_SIZE";
      case FULL -> "written";
    };
  }

  /**
   * All rows of a depth, without runs, but with their punts counted if they can be; fewer if
   * stopped.
   */
  List<LatencyRow> rows(
      int depth, @Nullable TracepointCounter tracepoint, BooleanSupplier stopped) {
    List<LatencyRow> rows = new ArrayList<>();
    for (DeviceKind device : DeviceKind.values()) {
      for (Preallocation image : IMAGES) {
        context.progress().accept("punts at depth " + depth + ": " + device + ", " + name(image));
        if (stopped.getAsBoolean()) {
          return rows;
        }
        // The run also warms the JVM up; its latencies are not used.
        long before = tracepoint == null ? 0 : tracepoint.count();
        one(device, depth, image);
        Integer punted = tracepoint == null ? null : (int) (tracepoint.count() - before);
        Summary summary = new Summary(device, new Variant(name(image), Set.of()));
        rows.add(new LatencyRow(device, depth, image, summary, punted));
      }
    }
    return rows;
  }

  /**
   * Measures: a run of each row, and again, in another order. An interrupted run is not kept.
   *
   * @param deadlineNanos no round begins that would probably end later
   */
  void measure(List<LatencyRow> rows, int rounds, long deadlineNanos) {
    long longest = 0;
    for (int round = 1; round <= rounds; round++) {
      long begin = System.nanoTime();
      if (begin + longest - deadlineNanos > 0) {
        return;
      }
      for (LatencyRow row : turns(rows, round)) {
        if (context.interrupted().getAsBoolean()) {
          return;
        }
        context
            .progress()
            .accept("first writes at depth " + row.depth() + ", round " + round + " of " + rounds);
        MeasuredRun run = one(row.device(), row.depth(), row.image());
        if (!run.result().partial()) {
          row.summary().add(run);
        }
      }
      longest = Math.max(longest, System.nanoTime() - begin);
    }
  }

  /**
   * The order in a round. Rounds alternate between an order and its reverse, so that of any two
   * rows each comes first equally often; every two rounds another row begins.
   */
  static <T> List<T> turns(List<T> rows, int round) {
    List<T> turns = new ArrayList<>(rows);
    Collections.rotate(turns, -(round - 1) / 2);
    return round % 2 == 0 ? turns : turns.reversed();
  }

  private MeasuredRun one(DeviceKind device, int depth, Preallocation kind) {
    try (ScratchFile image = new ScratchFile(directory.resolve("first-writes.img"))) {
      String path = image.path().toString();
      ImageCreator.create(path, sizeBytes, kind, false, written -> {});
      TestBed.Setup setup =
          new TestBed.Setup(
              path,
              ImageOptions.WRITABLE,
              AioConfig.mainLoop(),
              AioConfig.ioThread(),
              1,
              1,
              depth,
              DirectWriter.PIECE_BYTES,
              HALT_POLL_NANOS);
      return TestBed.run(
          device,
          setup,
          (target, measurement) ->
              new FirstWrites(target, DirectWriter.PIECE_BYTES, depth, context.interrupted())
                  .run(measurement));
    }
  }
}
