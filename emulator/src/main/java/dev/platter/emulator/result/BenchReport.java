package dev.platter.emulator.result;

import dev.platter.devices.block.meter.Operation;
import dev.platter.emulator.measure.workload.Bench;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.measure.workload.MeasuredRun;
import dev.platter.emulator.measure.workload.RunResult.OperationResult;
import dev.platter.emulator.result.document.BenchFigures;
import dev.platter.emulator.result.document.BenchRow;
import dev.platter.emulator.result.document.EnvironmentFacts;
import dev.platter.emulator.result.document.RunDocument;
import dev.platter.emulator.result.document.RunRange;
import dev.platter.emulator.result.document.Warning;
import dev.platter.emulator.text.TextParagraph;
import dev.platter.emulator.text.TextTable;
import dev.platter.emulator.text.Units;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * The result of {@code platter bench}: a table for people, {@code platter.bench/1} for machines.
 */
public final class BenchReport {
  /** The JSON's schema. */
  public static final String SCHEMA = "platter.bench/1";

  // Characters of the longest bar.
  private static final int SWEEP_BAR = 30;

  private BenchReport() {}

  /**
   * The tables: the devices; each operation by itself where there are several; jobs; what was
   * verified.
   *
   * @param width how many characters a line may have
   */
  public static String table(List<Summary> rows, int width) {
    return devices(rows, width)
        + sweep(rows)
        + operations(rows, width)
        + jobs(rows)
        + verified(rows);
  }

  /** IOPS over latency, device by device; nothing unless there are several depths. */
  private static String sweep(List<Summary> rows) {
    if (rows.stream().allMatch(row -> Objects.equals(row.depth(), rows.getFirst().depth()))) {
      return "";
    }
    TextTable table =
        new TextTable()
            .left("device")
            .right("depth")
            .right("p50 us")
            .right("p99 us")
            .right("IOPS")
            .left("");
    double most = rows.stream().mapToDouble(BenchReport::medianIops).max().orElse(0);
    for (DeviceKind device : DeviceKind.values()) {
      for (Summary row : rows) {
        if (row.device() == device) {
          double iops = medianIops(row);
          Histogram latency = row.latencyNanos();
          table.row(
              device.toString(),
              String.valueOf(row.depth()),
              Summary.percentileCell(latency, 50),
              Summary.percentileCell(latency, 99),
              Units.perSecond(iops),
              "#".repeat(most == 0 ? 0 : (int) Math.round(iops / most * SWEEP_BAR)));
        }
      }
    }
    return "\nIOPS over latency, by depth\n" + table.render();
  }

  private static double medianIops(Summary row) {
    return row.median(run -> run.result().iops());
  }

  private static String devices(List<Summary> rows, int width) {
    TextTable table =
        new TextTable()
            .left("device")
            .left("thread", 7)
            .right("IOPS")
            .right("vs raw")
            .right("p50 us")
            .right("over raw us", 3)
            .right("p99 us")
            .right("p99.9 us", 2)
            .right("max us", 1)
            .right("BW")
            .right("usr CPU s", 5)
            .right("sys CPU s", 4)
            .right("req/syscall", 6)
            .right("wakeups", 8)
            .right("elided", 9);
    for (Summary row : rows) {
      Summary raw = Summary.of(DeviceKind.RAW, rows, row);
      Histogram latency = row.latencyNanos();
      Double ratio = row.ratio(raw, run -> run.result().iops());
      Double gap = row.difference(raw, BenchReport::medianLatencyNanos);
      table.row(
          row.label() + (row.partial() ? " (partial)" : ""),
          row.loop(),
          Units.perSecond(row.median(run -> run.result().iops())),
          ratio == null ? "-" : Units.ratio(ratio),
          Summary.percentileCell(latency, 50),
          gap == null ? "-" : Units.micros(gap),
          Summary.percentileCell(latency, 99),
          Summary.percentileCell(latency, 99.9),
          Summary.percentileCell(latency, 100),
          Units.bytesPerSecond(row.median(run -> run.result().bytesPerSecond())),
          Units.seconds(row.median(run -> (double) run.cpu().userNanos())),
          Units.seconds(row.median(run -> (double) run.cpu().systemNanos())),
          Units.ratio(row.requestsPerEnter()),
          Units.count(row.count(run -> run.loop().notifiesSent())),
          Units.count(row.count(run -> run.loop().notifiesElided())));
    }
    return table.render(width);
  }

  /** Nothing if each row has one operation, which the first table shows. */
  private static String operations(List<Summary> rows, int width) {
    if (rows.stream().allMatch(row -> row.operations().size() <= 1)) {
      return "";
    }
    TextTable table =
        new TextTable()
            .left("device")
            .left("operation")
            .right("per second")
            .right("p50 us")
            .right("p99 us")
            .right("p99.9 us")
            .right("max us");
    for (Summary row : rows) {
      for (Operation operation : row.operations()) {
        Histogram latency = row.latencyNanos(operation);
        table.row(
            row.label(),
            Summary.name(operation),
            Units.perSecond(row.perSecond(operation, OperationResult::requests)),
            Summary.percentileCell(latency, 50),
            Summary.percentileCell(latency, 99),
            Summary.percentileCell(latency, 99.9),
            Summary.percentileCell(latency, 100));
      }
    }
    return "\n" + table.keys(2).render(width);
  }

  private static String jobs(List<Summary> rows) {
    StringBuilder text = new StringBuilder();
    for (Summary row : rows) {
      RunRange iops = row.jobIops();
      if (iops != null) {
        text.append(row.label()).append(": each job made ");
        text.append(perSecond(iops.min())).append(" to ");
        text.append(perSecond(iops.max())).append(" IOPS\n");
      }
    }
    return text.toString();
  }

  private static String perSecond(@Nullable Double rate) {
    return rate == null ? "-" : Units.perSecond(rate);
  }

  private static String verified(List<Summary> rows) {
    StringBuilder text = new StringBuilder();
    for (Summary row : rows) {
      String words = VerificationReport.words(row.read(), row.readBack());
      if (words != null) {
        text.append(TextParagraph.of(row.label() + ": ", "  ", words));
      }
    }
    return text.toString();
  }

  /** Of how many runs the table's figures are, and how far those lie apart. */
  public static String spread(List<Summary> rows) {
    SpreadLines lines = new SpreadLines();
    for (Summary row : rows) {
      Summary raw = Summary.of(DeviceKind.RAW, rows, row);
      lines.add(
          row.label(),
          row.values(run -> run.result().iops()),
          Units::perSecond,
          "IOPS",
          List.of(
              new SpreadLines.Baseline(
                  "raw", row.equals(raw) ? null : row.ratios(raw, run -> run.result().iops()))));
    }
    return lines.render();
  }

  private static double medianLatencyNanos(MeasuredRun run) {
    return (double) run.result().latencyNanos().getValueAtPercentile(50);
  }

  /**
   * The options of the runs, as the document has them.
   *
   * @param options of the first run
   * @param depths requests outstanding: one, or those of a sweep
   * @param queues how many virtqueues
   * @param ioThreads how many IOThreads
   */
  public static Map<String, @Nullable Object> parameters(
      Bench.Options options, Set<Integer> depths, int queues, int ioThreads) {
    boolean mixes = options.pattern().mixes();
    Map<String, @Nullable Object> parameters = new LinkedHashMap<>();
    parameters.put("rw", options.pattern().toString());
    parameters.put("read_percent", mixes ? options.mix().readPercent() : null);
    parameters.put("trim_percent", mixes ? options.mix().trimPercent() : null);
    parameters.put("min_request_bytes", options.minBytes());
    parameters.put("max_request_bytes", options.maxBytes());
    parameters.put("iodepth", depths.size() == 1 ? options.depth() : null);
    parameters.put("iodepths", List.copyOf(new TreeSet<>(depths)));
    parameters.put("warmup_seconds", options.warmUpNanos() / 1e9);
    parameters.put("runtime_seconds", options.runtimeNanos() / 1e9);
    parameters.put("flush_every", options.flushEvery());
    parameters.put("seed", options.seed());
    parameters.put("queues", queues);
    parameters.put("iothreads", ioThreads);
    return parameters;
  }

  /**
   * The JSON document.
   *
   * @param parameters {@link #parameters} and the options of the command
   * @param options of the first run
   * @param failure what ended the runs early; null if nothing did
   */
  public static RunDocument<BenchRow> document(
      Origin origin,
      EnvironmentFacts environment,
      Map<String, @Nullable Object> parameters,
      Bench.Options options,
      List<Summary> rows,
      @Nullable String failure) {
    return new RunDocument<>(
        origin.frame(SCHEMA, environment, parameters, warnings(environment, options, rows)),
        rows.stream()
            .map(row ->
                new BenchRow(
                    row.variant().equals(Variant.ORDINARY) ? null : row.label(),
                    row.depth(),
                    figures(row, Summary.of(DeviceKind.RAW, rows, row))))
            .toList(),
        failure);
  }

  /** Why the figures may not be what they seem. */
  public static List<Warning> warnings(
      EnvironmentFacts environment, Bench.Options options, List<Summary> rows) {
    return Warnings.of(
        environment,
        options.pattern().reads(),
        options.pattern().writes(),
        Summary.unanswered(rows),
        Summary.scheduling(rows));
  }

  /**
   * One row of the JSON document, without the label and the depth that tell it from others.
   *
   * @param raw the row to compare with, or null
   */
  public static BenchFigures figures(Summary row, @Nullable Summary raw) {
    Pairs toRaw = row.ratios(raw, run -> run.result().iops());
    Double gap = row.difference(raw, BenchReport::medianLatencyNanos);
    return new BenchFigures(
        row.device().toString(),
        row.loop(),
        row.runs().size(),
        row.partial(),
        row.spread(run -> run.result().iops(), 1),
        toRaw == null ? null : Double.valueOf(Units.rounded(toRaw.median(), 4)),
        Pairs.rounded(toRaw),
        row.latencyMicros(),
        row.spread(run -> medianLatencyNanos(run) / 1e3, 2),
        gap == null ? null : Double.valueOf(Units.rounded(gap / 1e3, 2)),
        Math.round(row.median(run -> run.result().bytesPerSecond())),
        SummaryRecords.operations(row),
        row.jobIops(),
        VerificationReport.facts(row.read(), row.readBack()),
        SummaryRecords.costs(row));
  }
}
