package dev.platter.emulator.result;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.BlockRequest.Operation;
import dev.platter.emulator.host.Scheduling;
import dev.platter.emulator.measure.stages.Latencies;
import dev.platter.emulator.measure.stages.Observations;
import dev.platter.emulator.measure.stages.StageRun;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.measure.workload.MeasuredRun;
import dev.platter.emulator.measure.workload.RunResult.OperationResult;
import dev.platter.emulator.measure.workload.UnansweredRequests;
import dev.platter.emulator.measure.workload.Verification;
import dev.platter.emulator.text.Statistics;
import dev.platter.emulator.text.Units;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
  private static final double[] PERCENTILES = {
    0, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 99.999, 100
  };

  private final DeviceKind device;
  private final Variant variant;
  private final List<MeasuredRun> runs = new ArrayList<>();
  private @Nullable Integer depth;
  private Observations seen = Observations.NONE;
  private @Nullable Verification readBack;
  // Put together when first asked for: it is shown, written, and looked into.
  private @Nullable Map<String, @Nullable Object> stages;

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

  /** The percentiles of {@code docs/json.md}, as far as the number of requests supports them. */
  public List<Object> percentilesMicros() {
    Histogram latency = latencyNanos();
    List<Object> points = new ArrayList<>();
    for (double percentile : PERCENTILES) {
      if (supports(latency, percentile)) {
        points.add(List.of(percentile, micros((double) latency.getValueAtPercentile(percentile))));
      }
    }
    return points;
  }

  /** The stages of the requests' way, as JSON has them; null if they were not recorded. */
  public @Nullable Map<String, @Nullable Object> stages() {
    if (stages == null) {
      List<@Nullable StageRun> recorded = new ArrayList<>();
      runs.forEach(run -> recorded.add(run.stages()));
      stages = RecordedStages.toMap(recorded, seen);
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
  public Map<String, @Nullable Object> spread(
      ToDoubleFunction<MeasuredRun> quantity, int decimals) {
    return spread(values(quantity), decimals);
  }

  private static Map<String, @Nullable Object> spread(double[] values, int decimals) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("median", Units.rounded(Statistics.median(values), decimals));
    map.put("min", Units.rounded(Statistics.min(values), decimals));
    map.put("max", Units.rounded(Statistics.max(values), decimals));
    return map;
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

  /** What each run measured by itself, in the order in which they were made, as JSON has it. */
  public List<Object> samples() {
    List<Object> samples = new ArrayList<>();
    for (MeasuredRun run : runs) {
      Map<String, @Nullable Object> cpu = new LinkedHashMap<>();
      cpu.put("user", Units.rounded(run.cpu().userNanos() / 1e9, 4));
      cpu.put("sys", Units.rounded(run.cpu().systemNanos() / 1e9, 4));
      Map<String, @Nullable Object> map = new LinkedHashMap<>();
      map.put("partial", run.result().partial());
      map.put("requests", run.result().requests());
      map.put("total_seconds", Units.rounded(run.result().elapsedNanos() / 1e9, 4));
      map.put("iops", Units.rounded(run.result().iops(), 1));
      map.put("bytes_per_second", Math.round(run.result().bytesPerSecond()));
      map.put("latency_us", latencyMicros(run.result().latencyNanos()));
      map.put("cpu_seconds", cpu);
      samples.add(map);
    }
    return samples;
  }

  /** In microseconds; null where there are too few requests for a percentile. */
  private static @Nullable Double percentile(Histogram latency, double percentile) {
    return supports(latency, percentile)
        ? micros((double) latency.getValueAtPercentile(percentile))
        : null;
  }

  /** Whether there are enough requests for a percentile. */
  private static boolean supports(Histogram latency, double percentile) {
    return Latencies.supports(latency.getTotalCount(), percentile);
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
  public Map<String, @Nullable Object> latencyMicros() {
    return latencyMicros(latencyNanos());
  }

  private static Map<String, @Nullable Object> latencyMicros(Histogram latency) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("p50", percentile(latency, 50));
    map.put("p99", percentile(latency, 99));
    map.put("p99_9", percentile(latency, 99.9));
    map.put("max", percentile(latency, 100));
    map.put("mean", latency.getTotalCount() == 0 ? null : micros(latency.getMean()));
    return map;
  }

  /** A percentile in microseconds for a table; a dash where there are too few requests for it. */
  static String percentileCell(Histogram latency, double percentile) {
    return supports(latency, percentile)
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

  /** The median over runs of how many requests of an operation were made in a second. */
  double perSecond(Operation operation) {
    return median(run -> perSecond(run, operation, OperationResult::requests));
  }

  private static double perSecond(
      MeasuredRun run, Operation operation, ToLongFunction<OperationResult> quantity) {
    OperationResult one = run.result().operations().get(operation);
    return one == null ? 0 : quantity.applyAsLong(one) * 1e9 / run.result().elapsedNanos();
  }

  /** What each operation did, by its name, as JSON has it. */
  Map<String, @Nullable Object> eachOperation() {
    Map<String, @Nullable Object> each = new LinkedHashMap<>();
    for (Operation operation : operations()) {
      Histogram latency = latencyNanos(operation);
      Map<String, @Nullable Object> map = new LinkedHashMap<>();
      map.put("requests", latency.getTotalCount());
      map.put("per_second", Units.rounded(perSecond(operation), 1));
      map.put(
          "bytes_per_second",
          Math.round(median(run -> perSecond(run, operation, OperationResult::bytes))));
      map.put("latency_us", latencyMicros(latency));
      each.put(name(operation), map);
    }
    return each;
  }

  /** The IOPS of the runs' jobs, slowest and fastest; null where there are not several. */
  @Nullable Map<String, @Nullable Object> jobIops() {
    double[] each =
        runs.stream()
            .filter(run -> run.result().jobRequests().size() > 1)
            .flatMapToDouble(run ->
                run.result().jobRequests().stream()
                    .mapToDouble(requests -> requests * 1e9 / run.result().elapsedNanos()))
            .toArray();
    return each.length == 0 ? null : spread(each, 1);
  }

  private static double micros(double nanos) {
    return Units.rounded(nanos / 1e3, 2);
  }

  /** Requests submitted per io_uring_enter. */
  public double requestsPerEnter() {
    return median(run -> (double) run.loop().blockSqes() / Math.max(1, run.loop().enters()));
  }

  /** CPU seconds, loop counters, lock and bus counters: medians over runs, as JSON has them. */
  public Map<String, @Nullable Object> costs() {
    Map<String, @Nullable Object> cpu = new LinkedHashMap<>();
    cpu.put("user", Units.rounded(median(run -> run.cpu().userNanos() / 1e9), 4));
    cpu.put("sys", Units.rounded(median(run -> run.cpu().systemNanos() / 1e9), 4));
    Map<String, @Nullable Object> notifies = new LinkedHashMap<>();
    notifies.put("sent", count(run -> run.loop().notifiesSent()));
    notifies.put("elided", count(run -> run.loop().notifiesElided()));
    Map<String, @Nullable Object> loop = new LinkedHashMap<>();
    loop.put("turns", count(run -> run.loop().turns()));
    loop.put("enters", count(run -> run.loop().enters()));
    loop.put("requests", count(run -> run.loop().blockSqes()));
    loop.put("poll_hits", count(run -> run.loop().pollHits()));
    loop.put("poll_misses", count(run -> run.loop().pollMisses()));
    loop.put("sq_full", count(run -> run.loop().sqFull()));
    loop.put("no_iowait_waits", count(run -> run.loop().noIowaitWaits()));
    Map<String, @Nullable Object> lock = new LinkedHashMap<>();
    lock.put("acquisitions", count(run -> run.lock().acquisitions()));
    lock.put("contended", count(run -> run.lock().contended()));
    lock.put("wait_seconds", Units.rounded(median(run -> run.lock().waitNanos() / 1e9), 6));
    lock.put("hold_seconds", Units.rounded(median(run -> run.lock().holdNanos() / 1e9), 6));
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("samples", samples());
    map.put("percentiles_us", percentilesMicros());
    map.put("stages", stages());
    map.put("scheduling", SchedulingReport.toMap(scheduling()));
    map.put("cpu_seconds", cpu);
    map.put("requests_per_enter", Units.rounded(requestsPerEnter(), 3));
    map.put("notifies", notifies);
    map.put("loop_counters", loop);
    map.put("big_lock", lock);
    map.put("mmio_exits", count(MeasuredRun::exits));
    map.put("ioeventfds", count(MeasuredRun::ioEventFds));
    return map;
  }
}
