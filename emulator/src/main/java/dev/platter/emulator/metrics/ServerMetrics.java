package dev.platter.emulator.metrics;

import com.sun.management.OperatingSystemMXBean;
import dev.platter.aio.loop.BigLock;
import dev.platter.emulator.report.Build;
import dev.platter.emulator.serve.RingRemains;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.lang.management.ManagementFactory;
import java.util.function.ToDoubleFunction;

/** What concerns the server as a whole: the big lock, io-wq, whether it serves, its build. */
final class ServerMetrics implements MeterBinder {
  private static final String SECONDS = "seconds";
  private static final double NANOS = 1e9;

  private final MetricsSource source;

  ServerMetrics(MetricsSource source) {
    this.source = source;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    lock(
        registry,
        "acquisitions",
        "How often the big lock was taken.",
        "",
        BigLock.Stats::acquisitions);
    lock(
        registry,
        "contended",
        "How often a thread had to wait for it.",
        "",
        BigLock.Stats::contended);
    lock(
        registry,
        "wait",
        "Time that threads waited for it.",
        SECONDS,
        stats -> stats.waitNanos() / NANOS);
    lock(registry, "hold", "Time that it was held.", SECONDS, stats -> stats.holdNanos() / NANOS);
    Gauge.builder("platter.quiesced", source, ServerMetrics::quiesced)
        .description("Whether the server is quiesced and guests wait: 0 or 1.")
        .register(registry);
    Gauge.builder("platter.io.workers", RingRemains::workersNow)
        .description("Kernel threads of io_uring (io-wq) in this process; -1 if not known.")
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

  private void lock(
      MeterRegistry registry,
      String name,
      String description,
      String unit,
      ToDoubleFunction<BigLock.Stats> value) {
    FunctionCounter.builder(
            "platter.bql." + name, source, its -> value.applyAsDouble(its.lockStats()))
        .description(description)
        .baseUnit(unit.isEmpty() ? null : unit)
        .register(registry);
  }
}
