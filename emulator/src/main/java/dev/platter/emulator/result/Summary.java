package dev.platter.emulator.result;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.meter.Operation;
import dev.platter.emulator.host.Scheduling;
import dev.platter.emulator.measure.stages.Latencies;
import dev.platter.emulator.measure.stages.Observations;
import dev.platter.emulator.measure.stages.StageRun;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.measure.workload.MeasuredRun;
import dev.platter.emulator.measure.workload.RunResult.OperationResult;
import dev.platter.emulator.measure.workload.UnansweredRequests;
import dev.platter.emulator.measure.workload.Verification;
import dev.platter.emulator.result.document.Percentiles;
import dev.platter.emulator.result.document.RequestStages;
import dev.platter.emulator.result.document.RunRange;
import dev.platter.emulator.text.Statistics;
import dev.platter.emulator.text.Units;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * All runs of one device, put together: medians over runs, percentiles over the requests of all
 * runs. Ratios to another device are taken run by run, since runs of the same number were made one
 * after the other, and their median is given.
 */
public final class Summary {
  private final DeviceKind device;
  private final Variant variant;
  private final List<MeasuredRun> runs = new ArrayList<>();
  private @Nullable Integer depth;
  private Observations seen = Observations.NONE;
  private @Nullable Verification readBack;
  // Put together when first asked for: it is shown, written, and looked into.
  private @Nullable RequestStages stages;

  /**
   * Starts an empty summary.
   *
   * @param variant what sets it apart from the device's ordinary row
   */
  public Summary(DeviceKind device, Variant variant) {
    this.device = device;
    this.variant = variant;
  }

  /** The row of a device that another is compared with: of the same depth in a sweep; or null. */
  static @Nullable Summary of(DeviceKind device, List<Summary> rows, Summary compared) {
    return rows.stream()
        .filter(row -> row.device == device && row.variant.equals(compared.variant))
        .findFirst()
        .orElse(null);
  }

  /** The first row of a device, or null. */
  static @Nullable Summary of(DeviceKind device, List<Summary> rows) {
    return rows.stream().filter(row -> row.device == device).findFirst().orElse(null);
  }

  /** Says how many requests each job was to have outstanding. */
  public Summary withDepth(int requests) {
    depth = requests;
    return this;
  }

  /** How many requests each job was to have outstanding; null where that was not said. */
  public @Nullable Integer depth() {
    return depth;
  }

  /** What was going on in the process during the runs, if their stages were recorded. */
  public void observed(Observations observations) {
    seen = observations;
    stages = null;
  }

  /** The stages of the requests' way; null if they were not recorded. */
  public @Nullable RequestStages stages() {
    if (stages == null) {
      List<@Nullable StageRun> recorded = new ArrayList<>();
      runs.forEach(run -> recorded.add(run.stages()));
      stages = RecordedStages.of(recorded, seen);
    }
    return stages;
  }

  /** Adds a run. */
  public void add(MeasuredRun run) {
    runs.add(run);
    stages = null;
  }

  /** What reading the image back after a run has found. */
  public void readBack(Verification found) {
    if (readBack == null) {
      readBack = found;
    } else {
      readBack.add(found);
    }
  }

  /** What reading the image back after all runs has found; null if that was not done. */
  public @Nullable Verification readBack() {
    return readBack;
  }

  /** What was found out about the sectors that all runs read; null if none were looked at. */
  public @Nullable Verification read() {
    Verification all = null;
    for (MeasuredRun run : runs) {
      Verification one = run.result().verification();
      if (one != null) {
        if (all == null) {
          all = one.empty();
        }
        all.add(one);
      }
    }
    return all;
  }

  /** The failure that says which sectors are wrong; null if none are. */
  public @Nullable PlatterException failure() {
    Verification reads = read();
    PlatterException failure = reads == null ? null : reads.failure();
    return failure == null && readBack != null ? readBack.failure() : failure;
  }

  /** The device. */
  public DeviceKind device() {
    return device;
  }

  /** What sets this row apart from the device's ordinary one. */
  public Variant variant() {
    return variant;
  }

  /** The device's name, with what sets the row apart. */
  public String label() {
    return device + (variant.label().isEmpty() ? "" : " (" + variant.label() + ")");
  }

  /** The runs so far. */
  public List<MeasuredRun> runs() {
    return runs;
  }

  /** Whether any run was cancelled before its end. */
  public boolean partial() {
    return runs.stream().anyMatch(run -> run.result().partial());
  }

  /** Which loop does the device's I/O. */
  public String loop() {
    return device.loop();
  }

  /** The median over runs of some quantity; 0 without runs. */
  public double median(ToDoubleFunction<MeasuredRun> quantity) {
    return Statistics.median(values(quantity));
  }

  /** The median over runs of some count. */
  public long count(ToLongFunction<MeasuredRun> quantity) {
    return Math.round(median(run -> (double) quantity.applyAsLong(run)));
  }

  /** Median, minimum and maximum over runs, rounded for JSON. */
  public RunRange spread(ToDoubleFunction<MeasuredRun> quantity, int decimals) {
    return SummaryRecords.range(values(quantity), decimals);
  }

  /**
   * The median of the run-by-run ratio of some quantity to {@code base}'s.
   *
   * @return the ratio, or null without pairs
   */
  public @Nullable Double ratio(@Nullable Summary base, ToDoubleFunction<MeasuredRun> quantity) {
    Pairs pairs = ratios(base, quantity);
    return pairs == null ? null : Double.valueOf(pairs.median());
  }

  /**
   * The run-by-run ratios of some quantity to {@code base}'s. Runs that were interrupted have no
   * pair.
   *
   * @return null without pairs
   */
  public @Nullable Pairs ratios(@Nullable Summary base, ToDoubleFunction<MeasuredRun> quantity) {
    return Pairs.of(
        pairs(base)
            .mapToDouble(
                pair -> quantity.applyAsDouble(pair.mine()) / quantity.applyAsDouble(pair.theirs()))
            .toArray());
  }

  /**
   * Some quantity of each run. A run that was interrupted, perhaps before it had measured anything,
   * counts only where no run is complete.
   */
  double[] values(ToDoubleFunction<MeasuredRun> quantity) {
    List<MeasuredRun> complete = runs.stream().filter(run -> !run.result().partial()).toList();
    return (complete.isEmpty() ? runs : complete).stream().mapToDouble(quantity).toArray();
  }

  /**
   * The median of the run-by-run difference of some quantity from {@code base}'s.
   *
   * @return the difference, or null without pairs
   */
  public @Nullable Double difference(
      @Nullable Summary base, ToDoubleFunction<MeasuredRun> quantity) {
    double[] differences =
        pairs(base)
            .mapToDouble(
                pair -> quantity.applyAsDouble(pair.mine()) - quantity.applyAsDouble(pair.theirs()))
            .toArray();
    return differences.length == 0 ? null : Statistics.median(differences);
  }

  private record Pair(MeasuredRun mine, MeasuredRun theirs) {
    boolean complete() {
      return !mine.result().partial() && !theirs.result().partial();
    }
  }

  private Stream<Pair> pairs(@Nullable Summary base) {
    if (base == null) {
      return Stream.empty();
    }
    return IntStream.range(0, Math.min(runs.size(), base.runs.size()))
        .mapToObj(i -> new Pair(runs.get(i), base.runs.get(i)))
        .filter(Pair::complete);
  }

  /** How the host treated the loops and the vCPU, over all runs. */
  public Scheduling scheduling() {
    return Scheduling.sum(runs.stream().map(MeasuredRun::scheduling).toList());
  }

  /** How the host treated each row. */
  static List<SchedulingReport.OfRow> scheduling(List<Summary> rows) {
    return rows.stream()
        .map(row -> new SchedulingReport.OfRow(row.label(), row.scheduling()))
        .toList();
  }

  /** What the disk did not answer in any run: with the first there is no other; or null. */
  static @Nullable UnansweredRequests unanswered(List<Summary> rows) {
    return rows.stream()
        .flatMap(row -> row.runs.stream())
        .map(run -> run.result().unanswered())
        .filter(Objects::nonNull)
        .findFirst()
        .orElse(null);
  }

  /** The latencies of all requests of all runs, in nanoseconds. */
  public Histogram latencyNanos() {
    Histogram all = Latencies.newHistogram();
    for (MeasuredRun run : runs) {
      all.add(run.result().latencyNanos());
    }
    return all;
  }

  /** Percentiles in microseconds, as JSON has them. */
  public Percentiles latencyMicros() {
    return SummaryRecords.micros(latencyNanos());
  }

  /** A percentile in microseconds for a table; a dash where there are too few requests for it. */
  static String percentileCell(Histogram latency, double percentile) {
    return Latencies.supports(latency.getTotalCount(), percentile)
        ? Units.micros((double) latency.getValueAtPercentile(percentile))
        : "-";
  }

  /** The operations that any run has done, flushes too. */
  List<Operation> operations() {
    EnumSet<Operation> all = EnumSet.noneOf(Operation.class);
    runs.forEach(run -> all.addAll(run.result().operations().keySet()));
    return List.copyOf(all);
  }

  /** An operation as tables and JSON name it. */
  static String name(Operation operation) {
    return operation == Operation.DISCARD ? "trim" : operation.name().toLowerCase(Locale.ROOT);
  }

  /** The latencies of an operation's requests of all runs, in nanoseconds. */
  Histogram latencyNanos(Operation operation) {
    Histogram all = Latencies.newHistogram();
    for (MeasuredRun run : runs) {
      OperationResult one = run.result().operations().get(operation);
      if (one != null) {
        all.add(one.latencyNanos());
      }
    }
    return all;
  }

  /** The median over runs of how much of an operation was done in a second. */
  double perSecond(Operation operation, ToLongFunction<OperationResult> quantity) {
    return median(run -> {
      OperationResult one = run.result().operations().get(operation);
      return one == null ? 0 : quantity.applyAsLong(one) * 1e9 / run.result().elapsedNanos();
    });
  }

  /** The IOPS of the runs' jobs, slowest and fastest; null where there are not several. */
  @Nullable RunRange jobIops() {
    double[] each =
        runs.stream()
            .filter(run -> run.result().jobRequests().size() > 1)
            .flatMapToDouble(run ->
                run.result().jobRequests().stream()
                    .mapToDouble(requests -> requests * 1e9 / run.result().elapsedNanos()))
            .toArray();
    return each.length == 0 ? null : SummaryRecords.range(each, 1);
  }

  /** Requests submitted per io_uring_enter. */
  public double requestsPerEnter() {
    return median(run -> (double) run.loop().blockSqes() / Math.max(1, run.loop().enters()));
  }
}
