package dev.platter.emulator.result;

import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.measure.workload.Iotest;
import dev.platter.emulator.text.TextTable;
import dev.platter.emulator.text.Units;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * The result of {@code platter iotest}: a table for people, {@code platter.iotest/1} for machines.
 */
public final class IotestReport {
  /** The JSON's schema. */
  public static final String SCHEMA = "platter.iotest/1";

  private IotestReport() {}

  /**
   * The table.
   *
   * @param width how many characters a line may have
   */
  public static String table(List<Summary> rows, int width) {
    TextTable table =
        new TextTable()
            .left("device")
            .left("thread", 7)
            .right("time s")
            .right("vs virtio")
            .right("p50 us")
            .right("p99 us")
            .right("p99.9 us", 2)
            .right("max us", 1)
            .right("BW")
            .right("usr CPU s", 5)
            .right("sys CPU s", 4)
            .right("req/syscall", 6)
            .right("wakeups", 8)
            .right("elided", 9);
    Summary virtio = Summary.of(DeviceKind.VIRTIO, rows);
    for (Summary row : rows) {
      Histogram latency = row.latencyNanos();
      Double ratio = row.ratio(virtio, run -> (double) run.result().elapsedNanos());
      table.row(
          row.label() + (row.partial() ? " (partial)" : ""),
          row.loop(),
          Units.seconds(row.median(run -> (double) run.result().elapsedNanos())),
          ratio == null ? "-" : Units.ratio(ratio),
          Summary.percentileCell(latency, 50),
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

  /** Of how many runs the table's figures are, and how far those lie apart. */
  public static String spread(List<Summary> rows) {
    SpreadLines lines = new SpreadLines();
    Summary virtio = Summary.of(DeviceKind.VIRTIO, rows);
    for (Summary row : rows) {
      Pairs pairs =
          row.equals(virtio)
              ? null
              : row.ratios(virtio, run -> (double) run.result().elapsedNanos());
      lines.add(
          row.label(),
          row.values(run -> (double) run.result().elapsedNanos()),
          Units::seconds,
          "s",
          List.of(new SpreadLines.Comparison("virtio", pairs)));
    }
    return lines.render();
  }

  /** The JSON document. */
  public static Map<String, @Nullable Object> json(
      Map<String, @Nullable Object> environment, Iotest.Options options, List<Summary> rows) {
    Map<String, @Nullable Object> parameters = new LinkedHashMap<>();
    parameters.put("total_bytes", options.totalBytes());
    parameters.put("chunk_bytes", options.chunkBytes());
    parameters.put("batch", options.batch());
    parameters.put("batch_delay_us", options.batchDelayNanos() / 1e3);
    parameters.put("completion_delay_us", options.completionDelayNanos() / 1e3);
    return JsonDocument.of(
        SCHEMA, environment, parameters, warnings(environment, rows), List.copyOf(rows(rows)));
  }

  /** Why the figures may not be what they seem. */
  public static List<Warnings.Warning> warnings(
      Map<String, @Nullable Object> environment, List<Summary> rows) {
    return Warnings.of(
        environment, true, false, Summary.unanswered(rows), Summary.scheduling(rows));
  }

  /** The rows of the JSON document. */
  public static List<Map<String, @Nullable Object>> rows(List<Summary> rows) {
    List<Map<String, @Nullable Object>> list = new ArrayList<>();
    Summary virtio = Summary.of(DeviceKind.VIRTIO, rows);
    for (Summary row : rows) {
      Map<String, @Nullable Object> map = new LinkedHashMap<>();
      map.put("device", row.device().toString());
      map.put("loop", row.loop());
      map.put("label", row.variant().equals(Variant.ORDINARY) ? null : row.label());
      map.put("notify", row.variant().notifies());
      map.put("ablated", row.variant().names());
      map.put("runs", row.runs().size());
      map.put("partial", row.partial());
      map.put("total_seconds", row.spread(run -> run.result().elapsedNanos() / 1e9, 4));
      Double ratio = row.ratio(virtio, run -> (double) run.result().elapsedNanos());
      map.put("ratio_to_virtio", ratio == null ? null : Units.rounded(ratio, 4));
      map.put(
          "ratio_to_virtio_pairs",
          Pairs.toMap(row.ratios(virtio, run -> (double) run.result().elapsedNanos())));
      map.put("latency_us", row.latencyMicros());
      map.put("bytes_per_second", Math.round(row.median(run -> run.result().bytesPerSecond())));
      map.putAll(row.costs());
      list.add(map);
    }
    return list;
  }
}
