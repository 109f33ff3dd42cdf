package dev.platter.emulator.lab.ringflags;

import dev.platter.aio.loop.AioConfig;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.emulator.lab.LabContext;
import dev.platter.emulator.lab.Plant;
import dev.platter.emulator.measure.workload.Bench;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.measure.workload.MeasuredRun;
import dev.platter.emulator.measure.workload.RunResult;
import dev.platter.emulator.measure.workload.TestBed;
import dev.platter.emulator.result.BenchReport;
import dev.platter.emulator.result.Summary;
import dev.platter.emulator.result.Variant;
import dev.platter.emulator.result.document.BenchRow;
import dev.platter.emulator.text.PairedRatio;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.PackedHistogram;

/**
 * The measurement of the ladder: in each round every workload runs on every rung, one right after
 * the other, so that each rung has a run without flags within a second. The first rung changes from
 * round to round.
 */
final class FlagLadder {
  private static final int BLOCK_BYTES = 4096;

  /** The step that a planted effect slows down, by larger requests. */
  static final Rung PLANTED = Rung.SINGLE_ISSUER;

  private static final int PLANTED_BLOCKS = 16;
  // The default of platter bench.
  private static final long HALT_POLL_NANOS = 200_000;

  /**
   * A workload on a device.
   *
   * @param depth requests outstanding
   */
  record Cell(DeviceKind device, Bench.Pattern pattern, int depth) {
    /** The workload's name in tables. */
    String workload() {
      return pattern + " QD" + depth;
    }
  }

  /** The workloads with published figures, beginning with the device of those figures. */
  static List<Cell> allCells() {
    List<Cell> cells = new ArrayList<>();
    for (DeviceKind device : List.of(DeviceKind.VIRTIO, DeviceKind.RAW)) {
      for (Bench.Pattern pattern : List.of(Bench.Pattern.RANDREAD, Bench.Pattern.RANDWRITE)) {
        cells.add(new Cell(device, pattern, 1));
        cells.add(new Cell(device, pattern, 64));
      }
    }
    return cells;
  }

  private final Path image;
  private final List<Rung> rungs;
  private final RingFlagsExperiment.Parameters parameters;
  private final LabContext context;
  private final Map<Cell, Map<Rung, Summary>> summaries = new LinkedHashMap<>();
  private int rounds;

  /**
   * Prepares it.
   *
   * @param image a scratch image, which is written to
   * @param rungs the rungs that the kernel accepts, {@link Rung#NONE} first
   */
  FlagLadder(
      Path image, List<Rung> rungs, RingFlagsExperiment.Parameters parameters, LabContext context) {
    this.image = image;
    this.rungs = rungs;
    this.parameters = parameters;
    this.context = context;
    for (Cell cell : parameters.cells()) {
      Map<Rung, Summary> ladder = new EnumMap<>(Rung.class);
      rungs.forEach(rung -> ladder.put(rung, new Summary(cell.device(), Variant.ORDINARY)));
      summaries.put(cell, ladder);
    }
  }

  /**
   * Measures until all rounds are complete, the time is up or the user interrupts.
   *
   * @param deadlineNanos no round begins that would probably end later
   */
  void run(long deadlineNanos) {
    // The first round warms up the JVM's compiler and is thrown away.
    long longest = 0;
    for (int round = 0; round <= parameters.rounds(); round++) {
      long roundBegin = System.nanoTime();
      if (roundBegin + longest - deadlineNanos > 0 || !round(round)) {
        return;
      }
      longest = Math.max(longest, System.nanoTime() - roundBegin);
    }
  }

  private boolean round(int number) {
    Map<Cell, Map<Rung, MeasuredRun>> results = new LinkedHashMap<>();
    for (Cell cell : summaries.keySet()) {
      context
          .progress()
          .accept(
              (number == 0 ? "warm-up" : "round " + number + " of " + parameters.rounds())
                  + ", "
                  + cell.device()
                  + " "
                  + cell.workload());
      Map<Rung, MeasuredRun> ladder = new EnumMap<>(Rung.class);
      for (int i = 0; i < rungs.size(); i++) {
        Rung rung = rungs.get((i + number) % rungs.size());
        MeasuredRun measured = measure(cell, rung, number);
        if (measured.result().partial()) {
          return false;
        }
        ladder.put(rung, packed(measured));
      }
      results.put(cell, ladder);
    }
    if (number > 0) {
      add(results);
    }
    return true;
  }

  /** Adds a complete round: a run of every workload on every rung. */
  void add(Map<Cell, Map<Rung, MeasuredRun>> round) {
    rounds++;
    round.forEach((cell, ladder) -> ladder.forEach((rung, run) -> summary(cell, rung).add(run)));
  }

  private MeasuredRun measure(Cell cell, Rung rung, int round) {
    Rung flagged = context.plant() == Plant.ABSENT ? Rung.NONE : rung;
    AioConfig loop = AioConfig.ioThread().withFlags(flagged.flags());
    boolean slowed = context.plant() == Plant.PRESENT && rung == PLANTED;
    int bytes = slowed ? PLANTED_BLOCKS * BLOCK_BYTES : BLOCK_BYTES;
    TestBed.Setup setup =
        new TestBed.Setup(
            image.toString(),
            ImageOptions.WRITABLE,
            AioConfig.mainLoop(),
            loop,
            1,
            1,
            cell.depth(),
            bytes,
            HALT_POLL_NANOS);
    Bench.Options options = options(cell, bytes, round);
    return TestBed.run(
        cell.device(),
        setup,
        (target, measurement) ->
            new Bench(target, options, null, context.interrupted()).run(measurement));
  }

  private Bench.Options options(Cell cell, int bytes, int round) {
    // Each rung of a round uses the same offsets.
    return new Bench.Options(
        cell.pattern(),
        bytes,
        bytes,
        cell.depth(),
        parameters.warmUpNanos(),
        parameters.runtimeNanos(),
        0,
        round,
        Bench.Mix.EVEN,
        Bench.Jobs.ONE);
  }

  /** Packs a run's mostly empty histogram, because hundreds of runs are kept. */
  private static MeasuredRun packed(MeasuredRun run) {
    Histogram full = run.result().latencyNanos();
    Histogram packed =
        new PackedHistogram(
            full.getLowestDiscernibleValue(),
            full.getHighestTrackableValue(),
            full.getNumberOfSignificantValueDigits());
    packed.add(full);
    RunResult result =
        new RunResult(
            run.result().elapsedNanos(),
            packed,
            run.result().requests(),
            run.result().bytes(),
            run.result().partial());
    return run.with(result);
  }

  /** The workloads. */
  Set<Cell> cells() {
    return summaries.keySet();
  }

  /** The rungs, {@link Rung#NONE} first. */
  List<Rung> rungs() {
    return rungs;
  }

  /** How many rounds are complete. */
  int rounds() {
    return rounds;
  }

  /** All runs of a workload on a rung. */
  Summary summary(Cell cell, Rung rung) {
    return Objects.requireNonNull(Objects.requireNonNull(summaries.get(cell)).get(rung));
  }

  /** The requests per second of a workload on a rung, as the median over rounds. */
  double iops(Cell cell, Rung rung) {
    return summary(cell, rung).median(run -> run.result().iops());
  }

  /**
   * The ratio of a rung's requests per second to those without flags.
   *
   * @param level of the confidence interval
   */
  PairedRatio ratio(Cell cell, Rung rung, double level) {
    List<MeasuredRun> mine = summary(cell, rung).runs();
    List<MeasuredRun> base = summary(cell, Rung.NONE).runs();
    double[] ratios = new double[rounds];
    for (int i = 0; i < rounds; i++) {
      ratios[i] = mine.get(i).result().iops() / base.get(i).result().iops();
    }
    return PairedRatio.of(ratios, level);
  }

  /** All runs as rows of {@code platter.bench/1}. */
  List<BenchRow> rows() {
    List<BenchRow> rows = new ArrayList<>();
    for (Cell cell : summaries.keySet()) {
      for (Rung rung : rungs) {
        rows.add(
            new BenchRow(
                cell.device() + " " + cell.workload() + " " + rung,
                cell.depth(),
                BenchReport.figures(summary(cell, rung), null)));
      }
    }
    return rows;
  }
}
