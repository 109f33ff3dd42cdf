package dev.platter.emulator.server.metrics;

import com.sun.management.OperatingSystemMXBean;
import dev.platter.emulator.host.Build;
import dev.platter.emulator.host.RingRemains;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.lang.management.ManagementFactory;

/** Metrics of the server as a whole: io-wq, whether it serves, its build. */
final class ServerMetrics implements MeterBinder {
  private static final String SECONDS = "seconds";
  private static final double NANOS = 1e9;

  private final MetricsSource source;

  ServerMetrics(MetricsSource source) {
    this.source = source;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    Gauge.builder("platter.quiesced", source, ServerMetrics::quiesced)
        .description("Whether the server is quiesced and guests wait: 0 or 1.")
        .register(registry);
    Gauge.builder("platter.quiesce.wait", source, its -> its.quiesceWaitNanos() / NANOS)
        .description("How long a quiesce has waited for what is in flight; 0 if none waits.")
        .baseUnit(SECONDS)
        .register(registry);
    Gauge.builder("platter.io.workers", RingRemains::workersNow)
        .description("Kernel threads of io_uring (io-wq) in this process; -1 if not known.")
        .register(registry);
    Gauge.builder("platter.io.workers.limit", source, MetricsSource::ioWorkersLimit)
        .description("How many of them each loop may have at work, of each of two kinds.")
        .register(registry);
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    FunctionCounter.builder("process.cpu", system, its -> its.getProcessCpuTime() / NANOS)
        .description("CPU time of the process, user and system.")
        .baseUnit(SECONDS)
        .register(registry);
    Gauge.builder("platter.build.info", () -> 1)
        .description("Always 1; the labels say what runs.")
        .tag("version", Build.version())
        .tag("java", Runtime.version().toString())
        .tag("kernel", System.getProperty("os.version", ""))
        .register(registry);
  }

  private static double quiesced(MetricsSource source) {
    return source.serving() == MetricsSource.Serving.QUIESCED ? 1 : 0;
  }
}
