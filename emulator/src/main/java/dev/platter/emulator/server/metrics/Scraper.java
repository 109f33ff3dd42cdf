package dev.platter.emulator.server.metrics;

import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** All metrics, in the formats of Prometheus. Any thread; one answer is made at a time. */
final class Scraper implements AutoCloseable {
  /**
   * An answer.
   *
   * @param contentType its format
   * @param body the metrics
   */
  @SuppressWarnings("ArrayRecordComponent") // made here, sent, and dropped
  record Answer(String contentType, byte[] body) {}

  private static final String TEXT = "text/plain; version=0.0.4; charset=utf-8";
  private static final String OPEN_METRICS_TYPE = "application/openmetrics-text";
  private static final String OPEN_METRICS = OPEN_METRICS_TYPE + "; version=1.0.0; charset=utf-8";
  private static final int INITIAL_BYTES = 1 << 16;

  private final PrometheusMeterRegistry meters =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final JvmGcMetrics collector = new JvmGcMetrics();
  // However many peers ask, memory and CPU are used for one answer at a time.
  private final ReentrantLock oneAtATime = new ReentrantLock();

  Scraper(MetricsSource source) {
    PrometheusRegistry registry = meters.getPrometheusRegistry();
    registry.register(new ExportMetrics(source));
    registry.register(new LoopMetrics(source));
    // Names that Prometheus advises against; the first is there as process_cpu_seconds_total.
    meters
        .config()
        .meterFilter(MeterFilter.denyNameStartsWith("process.cpu.time"))
        .meterFilter(MeterFilter.denyNameStartsWith("system.cpu.count"));
    new ServerMetrics(source).bindTo(meters);
    new MemoryMetrics().bindTo(meters);
    new JvmMemoryMetrics().bindTo(meters);
    new JvmThreadMetrics().bindTo(meters);
    new ProcessorMetrics().bindTo(meters);
    new FileDescriptorMetrics().bindTo(meters);
    new UptimeMetrics().bindTo(meters);
    collector.bindTo(meters);
  }

  /**
   * Collects the metrics.
   *
   * @param accept the request's Accept header, or null
   */
  Answer scrape(@Nullable String accept) throws IOException {
    String type = accept != null && accept.contains(OPEN_METRICS_TYPE) ? OPEN_METRICS : TEXT;
    oneAtATime.lock();
    try {
      ByteArrayOutputStream body = new ByteArrayOutputStream(INITIAL_BYTES);
      meters.scrape(body, type);
      return new Answer(type, body.toByteArray());
    } finally {
      oneAtATime.unlock();
    }
  }

  /** Removes the listeners of the JVM. */
  @Override
  public void close() {
    collector.close();
    meters.close();
  }
}
