package dev.platter.emulator.result;

import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.measure.workload.Iotest;
import dev.platter.emulator.result.document.EnvironmentFacts;
import dev.platter.emulator.result.document.IotestRow;
import dev.platter.emulator.result.document.RunDocument;
import dev.platter.emulator.result.document.Warning;
import dev.platter.emulator.text.TextTable;
import dev.platter.emulator.text.Units;
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
          List.of(new SpreadLines.Baseline("virtio", pairs)));
    }
    return lines.render();
  }

  /** The options of a run, as the document has them. */
  public static Map<String, @Nullable Object> parameters(Iotest.Options options) {
    Map<String, @Nullable Object> parameters = new LinkedHashMap<>();
    parameters.put("total_bytes", options.totalBytes());
    parameters.put("chunk_bytes", options.chunkBytes());
    parameters.put("batch", options.batch());
    parameters.put("batch_delay_us", options.batchDelayNanos() / 1e3);
    parameters.put("completion_delay_us", options.completionDelayNanos() / 1e3);
    return parameters;
  }

  /**
   * The JSON document.
   *
   * @param parameters {@link #parameters} and the options of the command
   * @param failure what ended the runs early; null if nothing did
   */
  public static RunDocument<IotestRow> document(
      Origin origin,
      EnvironmentFacts environment,
      Map<String, @Nullable Object> parameters,
      List<Summary> rows,
      @Nullable String failure) {
    return new RunDocument<>(
        origin.frame(SCHEMA, environment, parameters, warnings(environment, rows)),
        rows(rows),
        failure);
  }

  /** Why the figures may not be what they seem. */
  public static List<Warning> warnings(EnvironmentFacts environment, List<Summary> rows) {
    return Warnings.of(
        environment, true, false, Summary.unanswered(rows), Summary.scheduling(rows));
  }

  /** The rows of the JSON document. */
  public static List<IotestRow> rows(List<Summary> rows) {
    Summary virtio = Summary.of(DeviceKind.VIRTIO, rows);
    return rows.stream().map(row -> row(row, virtio)).toList();
  }

  private static IotestRow row(Summary row, @Nullable Summary virtio) {
    Pairs toVirtio = row.ratios(virtio, run -> (double) run.result().elapsedNanos());
    return new IotestRow(
        row.device().toString(),
        row.loop(),
        row.variant().equals(Variant.ORDINARY) ? null : row.label(),
        row.variant().notifies(),
        row.variant().names(),
        row.runs().size(),
        row.partial(),
        row.spread(run -> run.result().elapsedNanos() / 1e9, 4),
        toVirtio == null ? null : Double.valueOf(Units.rounded(toVirtio.median(), 4)),
        Pairs.rounded(toVirtio),
        row.latencyMicros(),
        Math.round(row.median(run -> run.result().bytesPerSecond())),
        SummaryRecords.costs(row));
  }
}
