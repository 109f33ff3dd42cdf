package dev.platter.emulator.result;

import dev.platter.emulator.guest.Accelerator;
import dev.platter.emulator.guest.GuestRow;
import dev.platter.emulator.guest.GuestRun;
import dev.platter.emulator.guest.GuestRun.Backend;
import dev.platter.emulator.guest.GuestRun.Target;
import dev.platter.emulator.guest.GuestRun.Workload;
import dev.platter.emulator.host.Scheduling;
import dev.platter.emulator.measure.stages.Latencies;
import dev.platter.emulator.measure.stages.Observations;
import dev.platter.emulator.measure.stages.StageRun;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.text.Statistics;
import dev.platter.emulator.text.TextParagraph;
import dev.platter.emulator.text.TextTable;
import dev.platter.emulator.text.Units;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The result of {@code platter guest run}: a table for people, {@code platter.guest/1} for
 * machines. What the guest measured comes from its own rows; what the host spent is Platter's to
 * know.
 */
public final class GuestReport {
  /** The JSON's schema. */
  public static final String SCHEMA = "platter.guest/1";

  private final GuestRun.Plan plan;
  private final GuestRun.Result result;
  private final Observations seen;

  /**
   * Reports a result.
   *
   * @param seen what was going on in this process during the runs
   */
  public GuestReport(GuestRun.Plan plan, GuestRun.Result result, Observations seen) {
    this.plan = plan;
    this.result = result;
    this.seen = seen;
  }

  // ---- figures -------------------------------------------------------------------------------

  private @Nullable GuestRow row(Workload workload, Backend backend, DeviceKind device) {
    return result.rows().stream()
        .filter(row -> row.workload() == workload)
        .filter(row -> row.target().equals(new Target(backend, device)))
        .findFirst()
        .orElse(null);
  }

  private static double median(@Nullable GuestRow row, ToDoubleFunction<GuestRow.Run> figure) {
    return row == null ? Double.NaN : Statistics.median(values(row, figure));
  }

  private static double[] values(GuestRow row, ToDoubleFunction<GuestRow.Run> figure) {
    return row.runs().stream().mapToDouble(figure).toArray();
  }

  private static double seconds(GuestRow.Run run) {
    return run.figure("total_seconds", "median");
  }

  private static double p50(GuestRow.Run run) {
    return run.figure("latency_us", "p50");
  }

  /** The figure by which a workload's rows are compared: less is better. */
  private static double compared(Workload workload, GuestRow.Run run) {
    return workload == Workload.IOTEST ? seconds(run) : p50(run);
  }

  /** The ratios to the runs of the same number; null without such pairs. */
  private static @Nullable Pairs ratios(@Nullable GuestRow mine, @Nullable GuestRow base) {
    if (mine == null || base == null) {
      return null;
    }
    List<Double> ratios = new ArrayList<>();
    for (GuestRow.Run run : mine.runs()) {
      for (GuestRow.Run other : base.runs()) {
        if (run.number() == other.number()) {
          ratios.add(compared(mine.workload(), run) / compared(base.workload(), other));
        }
      }
    }
    return Pairs.of(ratios.stream().mapToDouble(Double::doubleValue).toArray());
  }

  private @Nullable Pairs toVirtio(@Nullable GuestRow row) {
    return row == null
        ? null
        : ratios(row, row(row.workload(), row.target().backend(), DeviceKind.VIRTIO));
  }

  private @Nullable Pairs toPeer(@Nullable GuestRow row) {
    return row == null || row.target().backend() == Backend.QEMU
        ? null
        : ratios(row, row(row.workload(), Backend.QEMU, row.target().device()));
  }

  private static double median(@Nullable Pairs pairs) {
    return pairs == null ? Double.NaN : pairs.median();
  }

  /** A percentile of a run in microseconds; NaN where it has too few requests for it. */
  private static double percentile(GuestRow.Run run, String key, double percentile) {
    double requests = run.figure("loop_counters", "requests");
    return Double.isFinite(requests) && !Latencies.supports(Math.round(requests), percentile)
        ? Double.NaN
        : run.figure("latency_us", key);
  }

  private static double p99(GuestRow.Run run) {
    return percentile(run, "p99", 99);
  }

  /** What a key of a run's latencies says; NaN where the run has too few requests for it. */
  private static double latency(GuestRow.Run run, String key) {
    return switch (key) {
      case "p99" -> p99(run);
      case "p99_9" -> percentile(run, key, 99.9);
      default -> run.figure("latency_us", key);
    };
  }

  // ---- for people ----------------------------------------------------------------------------

  /**
   * The conditions, the table, and how far runs lie apart.
   *
   * @param width how many characters a line of the table may have
   */
  public String text(int width) {
    StringBuilder text = new StringBuilder();
    conditions().lines().forEach(line -> text.append(TextParagraph.of("", "  ", line)));
    return text.append(table(width)).append(spread()).toString();
  }

  private String conditions() {
    return "Linux "
        + result.kernelRelease()
        + " in QEMU "
        + plan.qemu().version()
        + " under "
        + result.accelerator()
        + (result.accelerator() == Accelerator.TCG ? " (an emulated CPU), " : ", ")
        + plan.cpus()
        + (plan.cpus() == 1 ? " vCPU" : " vCPUs")
        + ", "
        + runs()
        + ";\nlatency as the guest sees it, of "
        + bench();
  }

  private String runs() {
    int complete = result.rows().stream().mapToInt(row -> row.runs().size()).min().orElse(0);
    String wanted = plan.runs() + (plan.runs() == 1 ? " run" : " runs");
    return complete < plan.runs() ? complete + " of " + wanted + " (partial)" : wanted;
  }

  private String bench() {
    return plan.bench().rw()
        + " "
        + Units.sizeOption(plan.bench().blockBytes())
        + " at depth "
        + plan.bench().depth();
  }

  private String table(int width) {
    boolean iotest = plan.workloads().contains(Workload.IOTEST);
    boolean loop = plan.workloads().contains(Workload.FIO_LIKE);
    boolean peer = plan.targets().stream().anyMatch(target -> target.backend() == Backend.QEMU);
    TextTable table = new TextTable().left("backend").left("device").keys(2);
    if (iotest) {
      table.right("iotest s").right("vs virtio");
      if (peer) {
        table.right("vs qemu");
      }
    }
    if (loop) {
      table.right("p50 us").right("p99 us").right("IOPS").right("p50 vs virtio");
      if (peer) {
        table.right("p50 vs qemu");
      }
    }
    for (Target target : plan.targets()) {
      List<String> cells = new ArrayList<>();
      cells.add(target.backend().toString());
      cells.add(target.device().toString());
      if (iotest) {
        GuestRow row = row(Workload.IOTEST, target.backend(), target.device());
        cells.add(Units.seconds(median(row, GuestReport::seconds) * 1e9));
        cells.add(Units.ratio(median(toVirtio(row))));
        if (peer) {
          cells.add(Units.ratio(median(toPeer(row))));
        }
      }
      if (loop) {
        GuestRow row = row(Workload.FIO_LIKE, target.backend(), target.device());
        cells.add(Units.micros(median(row, GuestReport::p50) * 1e3));
        cells.add(Units.micros(median(row, GuestReport::p99) * 1e3));
        cells.add(Units.perSecond(median(row, run -> run.figure("iops", "median"))));
        cells.add(Units.ratio(median(toVirtio(row))));
        if (peer) {
          cells.add(Units.ratio(median(toPeer(row))));
        }
      }
      table.row(cells);
    }
    return table.render(width);
  }

  private String spread() {
    SpreadLines lines = new SpreadLines();
    for (GuestRow row : result.rows()) {
      boolean iotest = row.workload() == Workload.IOTEST;
      Pairs toVirtio = row.target().device() == DeviceKind.VIRTIO ? null : toVirtio(row);
      lines.add(
          row.target() + ", " + row.workload(),
          values(row, run -> 1e3 * (iotest ? 1e6 * seconds(run) : p50(run))),
          iotest ? Units::seconds : Units::micros,
          iotest ? "s" : "us (p50)",
          List.of(
              new SpreadLines.Comparison("virtio", toVirtio),
              new SpreadLines.Comparison("qemu", toPeer(row))));
    }
    return lines.render();
  }

  // ---- for machines --------------------------------------------------------------------------

  /**
   * The JSON document.
   *
   * @param environment the host, as {@link Environment#toMap} gives it
   */
  public Map<String, @Nullable Object> json(Map<String, @Nullable Object> environment) {
    List<Object> list = new ArrayList<>();
    result.rows().forEach(row -> list.add(json(row)));
    Map<String, @Nullable Object> document =
        JsonDocument.of(SCHEMA, environment, parameters(), warnings(environment), list);
    document.put("guest", guest());
    return document;
  }

  /**
   * Why the figures may not be what they seem.
   *
   * @param environment the host, as {@link Environment#toMap} gives it
   */
  public List<Warnings.Warning> warnings(Map<String, @Nullable Object> environment) {
    boolean reads =
        plan.workloads().contains(Workload.IOTEST) || !plan.bench().rw().endsWith("write");
    return Warnings.of(
        environment,
        reads,
        plan.writes(),
        result.unanswered(),
        result.rows().stream()
            .map(row ->
                new SchedulingReport.OfRow(row.target() + ", " + row.workload(), scheduling(row)))
            .toList());
  }

  private static Scheduling scheduling(GuestRow row) {
    return Scheduling.sum(row.runs().stream().map(GuestRow.Run::scheduling).toList());
  }

  private Map<String, @Nullable Object> guest() {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("kernel_release", result.kernelRelease());
    map.put("qemu", plan.qemu().name());
    map.put("qemu_version", plan.qemu().version().toString());
    map.put("accelerator", result.accelerator().toString());
    map.put("cpu_count", plan.cpus());
    map.put("memory_bytes", plan.memoryBytes());
    return map;
  }

  private Map<String, @Nullable Object> parameters() {
    Map<String, @Nullable Object> iotest = new LinkedHashMap<>();
    iotest.put("total_bytes", plan.iotest().totalBytes());
    iotest.put("chunk_bytes", plan.iotest().chunkBytes());
    iotest.put("batch", plan.iotest().batch());
    iotest.put("batch_delay_us", plan.iotest().batchDelayMicros());
    iotest.put("completion_delay_us", plan.iotest().completionDelayMicros());
    Map<String, @Nullable Object> loop = new LinkedHashMap<>();
    loop.put("rw", plan.bench().rw());
    loop.put("request_bytes", plan.bench().blockBytes());
    loop.put("iodepth", plan.bench().depth());
    loop.put("warmup_seconds", plan.bench().warmUpMillis() / 1e3);
    loop.put("runtime_seconds", plan.bench().runtimeMillis() / 1e3);
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("workloads", plan.workloads().stream().map(Workload::toString).toList());
    map.put("runs", plan.runs());
    map.put("iotest", plan.workloads().contains(Workload.IOTEST) ? iotest : null);
    map.put("fio_like", plan.workloads().contains(Workload.FIO_LIKE) ? loop : null);
    return map;
  }

  private Map<String, @Nullable Object> json(GuestRow row) {
    boolean iotest = row.workload() == Workload.IOTEST;
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("workload", row.workload().toString());
    map.put("backend", row.target().backend().toString());
    map.put("device", row.target().device().toString());
    map.put("loop", loop(row.target()));
    map.put("runs", row.runs().size());
    map.put("partial", row.runs().size() < plan.runs());
    map.put("total_seconds", iotest ? spread(row, GuestReport::seconds, 4) : null);
    map.put("iops", iotest ? null : spread(row, run -> run.figure("iops", "median"), 1));
    map.put("p50_us", spread(row, GuestReport::p50, 2));
    map.put("ratio_to_virtio", rounded(median(toVirtio(row)), 4));
    map.put("ratio_to_virtio_pairs", Pairs.toMap(toVirtio(row)));
    map.put("ratio_to_qemu", rounded(median(toPeer(row)), 4));
    map.put("ratio_to_qemu_pairs", Pairs.toMap(toPeer(row)));
    Map<String, @Nullable Object> latency = new LinkedHashMap<>();
    for (String key : List.of("p50", "p99", "p99_9", "max", "mean")) {
      latency.put(key, rounded(median(row, run -> latency(run, key)), 2));
    }
    map.put("latency_us", latency);
    map.put("bytes_per_second", rounded(median(row, run -> run.figure("bytes_per_second")), 0));
    map.put("samples", row.runs().stream().map(run -> sample(row, run)).toList());
    map.putAll(costs(row));
    return map;
  }

  /** What one run measured by itself; only complete ones are kept. */
  private static Map<String, @Nullable Object> sample(GuestRow row, GuestRow.Run run) {
    boolean iotest = row.workload() == Workload.IOTEST;
    Map<String, @Nullable Object> latency = new LinkedHashMap<>();
    for (String key : List.of("p50", "p99", "p99_9", "max", "mean")) {
      latency.put(key, rounded(latency(run, key), 2));
    }
    Map<String, @Nullable Object> host = new LinkedHashMap<>();
    host.put("user", rounded(run.hostCpu().userNanos() / 1e9, 4));
    host.put("sys", rounded(run.hostCpu().systemNanos() / 1e9, 4));
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("partial", false);
    map.put("total_seconds", iotest ? rounded(seconds(run), 4) : null);
    map.put("iops", iotest ? null : rounded(run.figure("iops", "median"), 1));
    map.put("bytes_per_second", rounded(run.figure("bytes_per_second"), 0));
    map.put("latency_us", latency);
    map.put("cpu_seconds", row.target().backend() == Backend.PLATTER ? host : null);
    return map;
  }

  private static @Nullable String loop(Target target) {
    return target.backend() == Backend.QEMU ? null : target.device().loop();
  }

  private Map<String, @Nullable Object> costs(GuestRow row) {
    boolean platter = row.target().backend() == Backend.PLATTER;
    Map<String, @Nullable Object> host = new LinkedHashMap<>();
    host.put("user", rounded(median(row, run -> run.hostCpu().userNanos() / 1e9), 4));
    host.put("sys", rounded(median(row, run -> run.hostCpu().systemNanos() / 1e9), 4));
    Map<String, @Nullable Object> guest = new LinkedHashMap<>();
    for (String key : List.of("user", "sys")) {
      guest.put(key, rounded(median(row, run -> run.figure("cpu_seconds", key)), 4));
    }
    Map<String, @Nullable Object> notifies = new LinkedHashMap<>();
    notifies.put("sent", counter(row, run -> loopOf(run).notifiesSent()));
    notifies.put("elided", counter(row, run -> loopOf(run).notifiesElided()));
    Map<String, @Nullable Object> loop = new LinkedHashMap<>();
    loop.put("turns", counter(row, run -> loopOf(run).turns()));
    loop.put("enters", counter(row, run -> loopOf(run).enters()));
    loop.put("requests", counter(row, run -> loopOf(run).blockSqes()));
    loop.put("poll_hits", counter(row, run -> loopOf(run).pollHits()));
    loop.put("poll_misses", counter(row, run -> loopOf(run).pollMisses()));
    loop.put("sq_full", counter(row, run -> loopOf(run).sqFull()));
    loop.put("no_iowait_waits", counter(row, run -> loopOf(run).noIowaitWaits()));
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("scheduling", SchedulingReport.toMap(scheduling(row)));
    map.put("cpu_seconds", platter ? host : null);
    map.put("qemu_cpu_seconds", rounded(median(row, run -> run.qemuCpu().toNanos() / 1e9), 2));
    map.put("guest_cpu_seconds", guest);
    map.put(
        "requests_per_enter",
        platter
            ? rounded(
                median(
                    row,
                    run -> (double) loopOf(run).blockSqes() / Math.max(1, loopOf(run).enters())),
                3)
            : null);
    map.put("notifies", platter ? notifies : null);
    map.put("loop_counters", platter ? loop : null);
    List<@Nullable StageRun> recorded = new ArrayList<>();
    row.runs().forEach(run -> recorded.add(run.stages()));
    map.put("stages", RecordedStages.toMap(recorded, seen));
    return map;
  }

  private static dev.platter.aio.loop.LoopStats.Snapshot loopOf(GuestRow.Run run) {
    var loop = run.loop();
    if (loop == null) {
      throw new IllegalStateException("a disk of Platter's has a loop");
    }
    return loop;
  }

  private static @Nullable Object counter(GuestRow row, ToDoubleFunction<GuestRow.Run> figure) {
    return row.target().backend() == Backend.PLATTER ? Math.round(median(row, figure)) : null;
  }

  private static Map<String, @Nullable Object> spread(
      GuestRow row, ToDoubleFunction<GuestRow.Run> figure, int decimals) {
    double[] values = values(row, figure);
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("median", rounded(Statistics.median(values), decimals));
    map.put("min", rounded(Statistics.min(values), decimals));
    map.put("max", rounded(Statistics.max(values), decimals));
    return map;
  }

  /** A number for JSON; null where there is none. */
  private static @Nullable Number rounded(double value, int decimals) {
    if (!Double.isFinite(value)) {
      return null;
    }
    if (decimals == 0) {
      return Math.round(value);
    }
    return Units.rounded(value, decimals);
  }
}
