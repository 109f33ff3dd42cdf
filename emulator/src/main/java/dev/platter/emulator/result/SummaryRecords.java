package dev.platter.emulator.result;

import dev.platter.devices.block.meter.Operation;
import dev.platter.emulator.measure.stages.Latencies;
import dev.platter.emulator.measure.workload.MeasuredRun;
import dev.platter.emulator.measure.workload.RunResult.OperationResult;
import dev.platter.emulator.result.document.BenchFigures.OperationFigures;
import dev.platter.emulator.result.document.Costs;
import dev.platter.emulator.result.document.CpuSeconds;
import dev.platter.emulator.result.document.LockCounters;
import dev.platter.emulator.result.document.LoopCounters;
import dev.platter.emulator.result.document.Notifies;
import dev.platter.emulator.result.document.Percentiles;
import dev.platter.emulator.result.document.RunRange;
import dev.platter.emulator.result.document.Sample;
import dev.platter.emulator.text.Statistics;
import dev.platter.emulator.text.Units;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** The figures of a {@link Summary} as rows of documents have them: rounded, in their units. */
final class SummaryRecords {
  private static final double[] PERCENTILES = {
    0, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 99.999, 100
  };

  private SummaryRecords() {}

  /** Each run by itself, and what the runs cost: counters are medians over runs. */
  static Costs costs(Summary row) {
    return new Costs(
        row.runs().stream().map(SummaryRecords::sample).toList(),
        curve(row.latencyNanos()),
        row.stages(),
        SchedulingReport.facts(row.scheduling()),
        new CpuSeconds(
            Units.rounded(row.median(run -> run.cpu().userNanos() / 1e9), 4),
            Units.rounded(row.median(run -> run.cpu().systemNanos() / 1e9), 4)),
        Units.rounded(row.requestsPerEnter(), 3),
        new Notifies(
            row.count(run -> run.loop().notifiesSent()),
            row.count(run -> run.loop().notifiesElided())),
        new LoopCounters(
            row.count(run -> run.loop().turns()),
            row.count(run -> run.loop().enters()),
            row.count(run -> run.loop().blockSqes()),
            row.count(run -> run.loop().pollHits()),
            row.count(run -> run.loop().pollMisses()),
            row.count(run -> run.loop().sqFull()),
            row.count(run -> run.loop().noIowaitWaits())),
        new LockCounters(
            row.count(run -> run.lock().acquisitions()),
            row.count(run -> run.lock().contended()),
            Units.rounded(row.median(run -> run.lock().waitNanos() / 1e9), 6),
            Units.rounded(row.median(run -> run.lock().holdNanos() / 1e9), 6)),
        row.count(MeasuredRun::exits),
        row.count(MeasuredRun::ioEventFds));
  }

  private static Sample sample(MeasuredRun run) {
    return new Sample(
        run.result().partial(),
        run.result().requests(),
        Units.rounded(run.result().elapsedNanos() / 1e9, 4),
        Units.rounded(run.result().iops(), 1),
        Math.round(run.result().bytesPerSecond()),
        micros(run.result().latencyNanos()),
        new CpuSeconds(
            Units.rounded(run.cpu().userNanos() / 1e9, 4),
            Units.rounded(run.cpu().systemNanos() / 1e9, 4)));
  }

  /** Pairs of percentile and microseconds, as far as the number of requests supports them. */
  private static List<List<Double>> curve(Histogram nanos) {
    List<List<Double>> points = new ArrayList<>();
    for (double percentile : PERCENTILES) {
      Double micros = percentile(nanos, percentile);
      if (micros != null) {
        points.add(List.of(percentile, micros));
      }
    }
    return points;
  }

  /** What each operation did, by its name. */
  static Map<String, OperationFigures> operations(Summary row) {
    Map<String, OperationFigures> each = new LinkedHashMap<>();
    for (Operation operation : row.operations()) {
      Histogram latency = row.latencyNanos(operation);
      each.put(
          Summary.name(operation),
          new OperationFigures(
              latency.getTotalCount(),
              Units.rounded(row.perSecond(operation, OperationResult::requests), 1),
              Math.round(row.perSecond(operation, OperationResult::bytes)),
              micros(latency)));
    }
    return each;
  }

  /** Median, least and largest of some values. */
  static RunRange range(double[] values, int decimals) {
    return new RunRange(
        Units.rounded(Statistics.median(values), decimals),
        Units.rounded(Statistics.min(values), decimals),
        Units.rounded(Statistics.max(values), decimals));
  }

  /** Latencies in microseconds. */
  static Percentiles micros(Histogram nanos) {
    return new Percentiles(
        percentile(nanos, 50),
        percentile(nanos, 99),
        percentile(nanos, 99.9),
        percentile(nanos, 100),
        nanos.getTotalCount() == 0 ? null : micros(nanos.getMean()));
  }

  /** In microseconds; null where there are too few requests for a percentile. */
  private static @Nullable Double percentile(Histogram nanos, double percentile) {
    return Latencies.supports(nanos.getTotalCount(), percentile)
        ? micros((double) nanos.getValueAtPercentile(percentile))
        : null;
  }

  private static double micros(double nanos) {
    return Units.rounded(nanos / 1e3, 2);
  }
}
