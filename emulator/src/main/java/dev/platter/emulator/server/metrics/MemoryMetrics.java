package dev.platter.emulator.server.metrics;

import com.sun.management.OperatingSystemMXBean;
import dev.platter.emulator.host.ChargedMemory;
import dev.platter.emulator.host.HostFiles;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.lang.management.ManagementFactory;
import java.util.Map;

/** The process's memory by kind: its own, and the memory of guests that it has touched. */
final class MemoryMetrics implements MeterBinder {
  private final HostFiles files = HostFiles.ofHost();

  @Override
  public void bindTo(MeterRegistry registry) {
    gauge(
        registry, "process.resident.memory", "Resident memory, that of guests included.", "VmRSS");
    gauge(
        registry,
        "platter.own.memory",
        "Resident memory without that which is shared with guests.",
        "RssAnon",
        "RssFile");
    gauge(registry, "platter.guest.memory", "Memory of guests that was touched.", "RssShmem");
    Gauge.builder("platter.memory.used", files, ChargedMemory::bytes)
        .description("What counts against that limit, inactive page cache left out.")
        .baseUnit("bytes")
        .strongReference(true)
        .register(registry);
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    Gauge.builder("platter.memory.limit", system, OperatingSystemMXBean::getTotalMemorySize)
        .description("The cgroup's limit of memory, or else the host's memory.")
        .baseUnit("bytes")
        .register(registry);
  }

  private void gauge(MeterRegistry registry, String name, String description, String... fields) {
    Gauge.builder(name, this, its -> its.sum(fields))
        .description(description)
        .strongReference(true)
        .baseUnit("bytes")
        .register(registry);
  }

  /** The sum of some fields in bytes; not a number if they cannot be read. */
  double sum(String... names) {
    Map<String, String> status = files.fields("/proc/self/status");
    double sum = 0;
    for (String name : names) {
      Long bytes = HostFiles.bytes(status, name);
      sum += bytes == null ? Double.NaN : bytes;
    }
    return sum;
  }
}
