package dev.platter.emulator.report;

import dev.platter.emulator.workload.Bench;
import dev.platter.emulator.workload.DeviceKind;
import dev.platter.emulator.workload.Measured;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * The result of {@code platter bench}: a table for people, {@code platter.bench/1} for machines.
 */
public final class BenchReport {
  /** The JSON's schema. */
  public static final String SCHEMA = "platter.bench/1";

  private BenchReport() {}

  /** The table. */
  public static String table(List<Summary> rows) {
    TextTable table =
        new TextTable()
            .left("device")
            .left("loop")
            .right("IOPS")
            .right("/raw")
            .right("p50 us")
            .right("-raw")
            .right("p99 us")
            .right("p99.9 us")
            .right("max us")
            .right("throughput")
            .right("user s")
            .right("sys s")
            .right("req/enter")
            .right("notified")
            .right("elided");
    Summary raw = Summary.of(DeviceKind.RAW, rows);
    for (Summary row : rows) {
      Histogram latency = row.latencyNanos();
      Double ratio = row.ratio(raw, run -> run.result().iops());
      Double gap = row.difference(raw, BenchReport::medianLatencyNanos);
      table.row(
          row.label() + (row.partial() ? " (partial)" : ""),
          row.loop(),
          Units.perSecond(row.median(run -> run.result().iops())),
          ratio == null ? "-" : Units.ratio(ratio),
          Units.micros((double) latency.getValueAtPercentile(50)),
          gap == null ? "-" : Units.micros(gap),
          Units.micros((double) latency.getValueAtPercentile(99)),
          Units.micros((double) latency.getValueAtPercentile(99.9)),
          Units.micros((double) latency.getMaxValue()),
          Units.bytesPerSecond(row.median(run -> run.result().bytesPerSecond())),
          Units.seconds(row.median(run -> (double) run.cpu().userNanos())),
          Units.seconds(row.median(run -> (double) run.cpu().systemNanos())),
          Units.ratio(row.requestsPerEnter()),
          Units.count(row.count(run -> run.loop().notifiesSent())),
          Units.count(row.count(run -> run.loop().notifiesElided())));
    }
    return table.render() + verified(rows);
  }

  private static String verified(List<Summary> rows) {
    StringBuilder text = new StringBuilder();
    for (Summary row : rows) {
      String words = VerificationReport.words(row.read(), row.readBack());
      if (words != null) {
        text.append(row.label()).append(": ").append(words).append('\n');
      }
    }
    return text.toString();
  }

  /** Of how many runs the table's figures are, and how far those lie apart. */
  public static String spread(List<Summary> rows) {
    SpreadLines lines = new SpreadLines();
    for (Summary row : rows) {
      Summary raw = Summary.of(DeviceKind.RAW, rows);
      lines.add(
          row.label(),
          row.values(run -> run.result().iops()),
          Units::perSecond,
          "IOPS",
          List.of(
              new SpreadLines.Comparison(
                  "raw", row.equals(raw) ? null : row.ratios(raw, run -> run.result().iops()))));
    }
    return lines.render();
  }

  private static double medianLatencyNanos(Measured run) {
    return (double) run.result().latencyNanos().getValueAtPercentile(50);
  }

  /**
   * The JSON document.
   *
   * @param queues how many virtqueues
   * @param ioThreads how many IOThreads
   */
  public static Map<String, @Nullable Object> json(
      Map<String, @Nullable Object> environment,
      Bench.Options options,
      int queues,
      int ioThreads,
      List<Summary> rows) {
    Map<String, @Nullable Object> parameters = new LinkedHashMap<>();
    parameters.put("rw", options.pattern().toString());
    parameters.put("min_request_bytes", options.minBytes());
    parameters.put("max_request_bytes", options.maxBytes());
    parameters.put("iodepth", options.depth());
    parameters.put("warmup_seconds", options.warmUpNanos() / 1e9);
    parameters.put("runtime_seconds", options.runtimeNanos() / 1e9);
    parameters.put("flush_every", options.flushEvery());
    parameters.put("seed", options.seed());
    parameters.put("queues", queues);
    parameters.put("iothreads", ioThreads);
    List<Object> list = new ArrayList<>();
    Summary raw = Summary.of(DeviceKind.RAW, rows);
    for (Summary row : rows) {
      list.add(row(row, raw));
    }
    return JsonDocument.of(
        SCHEMA, environment, parameters, warnings(environment, options, rows), list);
  }

  /** Why the figures may not be what they seem. */
  public static List<Warnings.Warning> warnings(
      Map<String, @Nullable Object> environment, Bench.Options options, List<Summary> rows) {
    boolean onlyWrites = options.pattern().toString().endsWith("write");
    return Warnings.of(environment, !onlyWrites, Summary.scheduling(rows));
  }

  /**
   * One row of the JSON document.
   *
   * @param raw the row to compare with, or null
   */
  public static Map<String, @Nullable Object> row(Summary row, @Nullable Summary raw) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("device", row.device().toString());
    map.put("loop", row.loop());
    map.put("runs", row.runs().size());
    map.put("partial", row.partial());
    map.put("iops", row.spread(run -> run.result().iops(), 1));
    Double ratio = row.ratio(raw, run -> run.result().iops());
    Double gap = row.difference(raw, BenchReport::medianLatencyNanos);
    map.put("iops_ratio_to_raw", ratio == null ? null : Units.rounded(ratio, 4));
    map.put("iops_ratio_to_raw_pairs", Pairs.toMap(row.ratios(raw, run -> run.result().iops())));
    map.put("latency_us", row.latencyMicros());
    map.put("p50_us", row.spread(run -> medianLatencyNanos(run) / 1e3, 2));
    map.put("p50_minus_raw_us", gap == null ? null : Units.rounded(gap / 1e3, 2));
    map.put("bytes_per_second", Math.round(row.median(run -> run.result().bytesPerSecond())));
    map.put("verification", VerificationReport.toMap(row.read(), row.readBack()));
    map.putAll(row.costs());
    return map;
  }
}
