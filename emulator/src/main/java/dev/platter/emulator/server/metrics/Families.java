package dev.platter.emulator.server.metrics;

import dev.platter.devices.block.meter.Buckets;
import dev.platter.devices.block.meter.Distribution;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.LinkedHashMap;
import java.util.Map;

/** One scrape's data points, gathered by metric. Names are without {@code _total}. One thread. */
final class Families {
  private static final double NANOS = 1e-9;

  private final Map<String, CounterSnapshot.Builder> counters = new LinkedHashMap<>();
  private final Map<String, GaugeSnapshot.Builder> gauges = new LinkedHashMap<>();
  private final Map<String, HistogramSnapshot.Builder> histograms = new LinkedHashMap<>();

  /** A count that only grows. */
  void counter(String name, String help, Labels labels, double value) {
    counters
        .computeIfAbsent(name, _ -> CounterSnapshot.builder().name(name).help(help))
        .dataPoint(CounterDataPointSnapshot.builder().labels(labels).value(value).build());
  }

  /** A count that only grows. */
  void counter(String name, String help, Labels labels, long value) {
    counter(name, help, labels, (double) value);
  }

  /** A value that goes up and down. */
  void gauge(String name, String help, Labels labels, double value) {
    gauges
        .computeIfAbsent(name, _ -> GaugeSnapshot.builder().name(name).help(help))
        .dataPoint(GaugeDataPointSnapshot.builder().labels(labels).value(value).build());
  }

  /** A value that goes up and down. */
  void gauge(String name, String help, Labels labels, long value) {
    gauge(name, help, labels, (double) value);
  }

  /** Latencies, measured in nanoseconds and published in seconds. */
  void seconds(String name, String help, Labels labels, Distribution nanos) {
    histogram(name, help, labels, nanos, NANOS);
  }

  /** A distribution in a unit of one. */
  void distribution(String name, String help, Labels labels, Distribution values) {
    histogram(name, help, labels, values, 1);
  }

  private void histogram(
      String name, String help, Labels labels, Distribution values, double unit) {
    histograms
        .computeIfAbsent(name, _ -> HistogramSnapshot.builder().name(name).help(help))
        .dataPoint(
            HistogramDataPointSnapshot.builder()
                .labels(labels)
                .classicHistogramBuckets(buckets(values, unit))
                .sum(values.sum() * unit)
                .build());
  }

  private static ClassicHistogramBuckets buckets(Distribution values, double unit) {
    Buckets buckets = values.buckets();
    ClassicHistogramBuckets.Builder all = ClassicHistogramBuckets.builder();
    for (int i = 0; i < buckets.count(); i++) {
      all.bucket(bound(buckets, i, unit), values.count(i));
    }
    return all.build();
  }

  /** Divided where it can be, so that 20 us is 2.0E-5 and not a number beside it. */
  private static double bound(Buckets buckets, int bucket, double unit) {
    if (bucket == buckets.count() - 1) {
      return Double.POSITIVE_INFINITY;
    }
    double bound = buckets.upperBound(bucket);
    return unit == 1 ? bound : bound / Math.rint(1 / unit);
  }

  /** All metrics that were gathered. */
  MetricSnapshots build() {
    MetricSnapshots.Builder all = MetricSnapshots.builder();
    counters.values().forEach(family -> all.metricSnapshot(family.build()));
    gauges.values().forEach(family -> all.metricSnapshot(family.build()));
    histograms.values().forEach(family -> all.metricSnapshot(family.build()));
    return all.build();
  }
}
