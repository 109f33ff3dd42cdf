package dev.platter.emulator.result;

import dev.platter.aio.loop.LoopStats;
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
import dev.platter.emulator.result.document.CpuSeconds;
import dev.platter.emulator.result.document.EnvironmentFacts;
import dev.platter.emulator.result.document.GuestDocument;
import dev.platter.emulator.result.document.LoopCounters;
import dev.platter.emulator.result.document.Notifies;
import dev.platter.emulator.result.document.Percentiles;
import dev.platter.emulator.result.document.RequestStages;
import dev.platter.emulator.result.document.RunRange;
import dev.platter.emulator.result.document.Warning;
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
              new SpreadLines.Baseline("virtio", toVirtio),
              new SpreadLines.Baseline("qemu", toPeer(row))));
    }
    return lines.render();
  }

  // ---- for machines --------------------------------------------------------------------------

  /**
   * The JSON document.
   *
   * @param parameters {@link #parameters} and the options of the command
   */
  public GuestDocument document(
      Origin origin, EnvironmentFacts environment, Map<String, @Nullable Object> parameters) {
    RuntimeException failure = result.failure();
    return new GuestDocument(
        origin.frame(SCHEMA, environment, parameters, warnings(environment)),
        result.rows().stream().map(this::document).toList(),
        new GuestDocument.GuestFacts(
            result.kernelRelease(),
            plan.qemu().name(),
            plan.qemu().version().toString(),
            result.accelerator().toString(),
            (long) plan.cpus(),
            plan.memoryBytes()),
        failure == null ? null : String.valueOf(failure.getMessage()));
  }

  /** Why the figures may not be what they seem. */
  public List<Warning> warnings(EnvironmentFacts environment) {
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

  /** The options of the runs, as the document has them. */
  public Map<String, @Nullable Object> parameters() {
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

  private GuestDocument.GuestDiskRow document(GuestRow row) {
    boolean iotest = row.workload() == Workload.IOTEST;
    boolean platter = row.target().backend() == Backend.PLATTER;
    Pairs toVirtio = toVirtio(row);
    Pairs toPeer = toPeer(row);
    return new GuestDocument.GuestDiskRow(
        row.workload().toString(),
        row.target().backend().toString(),
        row.target().device().toString(),
        platter ? row.target().device().loop() : null,
        row.runs().size(),
        row.runs().size() < plan.runs(),
        iotest ? spread(row, GuestReport::seconds, 4) : null,
        iotest ? null : spread(row, run -> run.figure("iops", "median"), 1),
        spread(row, GuestReport::p50, 2),
        rounded(median(toVirtio), 4),
        Pairs.rounded(toVirtio),
        rounded(median(toPeer), 4),
        Pairs.rounded(toPeer),
        percentiles(key -> median(row, run -> latency(run, key))),
        whole(median(row, run -> run.figure("bytes_per_second"))),
        row.runs().stream().map(run -> sample(row, run)).toList(),
        SchedulingReport.facts(scheduling(row)),
        platter
            ? new CpuSeconds(
                rounded(median(row, run -> run.hostCpu().userNanos() / 1e9), 4),
                rounded(median(row, run -> run.hostCpu().systemNanos() / 1e9), 4))
            : null,
        rounded(median(row, run -> run.qemuCpu().toNanos() / 1e9), 2),
        new CpuSeconds(
            rounded(median(row, run -> run.figure("cpu_seconds", "user")), 4),
            rounded(median(row, run -> run.figure("cpu_seconds", "sys")), 4)),
        platter
            ? rounded(
                median(
                    row,
                    run -> (double) loopOf(run).blockSqes() / Math.max(1, loopOf(run).enters())),
                3)
            : null,
        platter
            ? new Notifies(
                counter(row, run -> loopOf(run).notifiesSent()),
                counter(row, run -> loopOf(run).notifiesElided()))
            : null,
        platter
            ? new LoopCounters(
                counter(row, run -> loopOf(run).turns()),
                counter(row, run -> loopOf(run).enters()),
                counter(row, run -> loopOf(run).blockSqes()),
                counter(row, run -> loopOf(run).pollHits()),
                counter(row, run -> loopOf(run).pollMisses()),
                counter(row, run -> loopOf(run).sqFull()),
                counter(row, run -> loopOf(run).noIowaitWaits()))
            : null,
        stages(row));
  }

  private @Nullable RequestStages stages(GuestRow row) {
    List<@Nullable StageRun> recorded = new ArrayList<>();
    row.runs().forEach(run -> recorded.add(run.stages()));
    return RecordedStages.of(recorded, seen);
  }

  /** What one run measured by itself; only complete ones are kept. */
  private static GuestDocument.GuestSample sample(GuestRow row, GuestRow.Run run) {
    boolean iotest = row.workload() == Workload.IOTEST;
    return new GuestDocument.GuestSample(
        false,
        iotest ? rounded(seconds(run), 4) : null,
        iotest ? null : rounded(run.figure("iops", "median"), 1),
        whole(run.figure("bytes_per_second")),
        percentiles(key -> latency(run, key)),
        row.target().backend() == Backend.PLATTER
            ? new CpuSeconds(
                rounded(run.hostCpu().userNanos() / 1e9, 4),
                rounded(run.hostCpu().systemNanos() / 1e9, 4))
            : null);
  }

  private static Percentiles percentiles(ToDoubleFunction<String> micros) {
    return new Percentiles(
        rounded(micros.applyAsDouble("p50"), 2),
        rounded(micros.applyAsDouble("p99"), 2),
        rounded(micros.applyAsDouble("p99_9"), 2),
        rounded(micros.applyAsDouble("max"), 2),
        rounded(micros.applyAsDouble("mean"), 2));
  }

  private static LoopStats.Snapshot loopOf(GuestRow.Run run) {
    LoopStats.Snapshot loop = run.loop();
    if (loop == null) {
      throw new IllegalStateException("a disk of Platter's has a loop");
    }
    return loop;
  }

  private static long counter(GuestRow row, ToDoubleFunction<GuestRow.Run> figure) {
    return Math.round(median(row, figure));
  }

  private static RunRange spread(
      GuestRow row, ToDoubleFunction<GuestRow.Run> figure, int decimals) {
    double[] values = values(row, figure);
    return new RunRange(
        rounded(Statistics.median(values), decimals),
        rounded(Statistics.min(values), decimals),
        rounded(Statistics.max(values), decimals));
  }

  /** A number for JSON; null where there is none. */
  private static @Nullable Double rounded(double value, int decimals) {
    return Double.isFinite(value) ? Double.valueOf(Units.rounded(value, decimals)) : null;
  }

  private static @Nullable Long whole(double value) {
    return Double.isFinite(value) ? Long.valueOf(Math.round(value)) : null;
  }
}
