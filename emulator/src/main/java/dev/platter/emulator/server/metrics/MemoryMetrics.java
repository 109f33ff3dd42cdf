package dev.platter.emulator.server.metrics;

import com.sun.management.OperatingSystemMXBean;
import dev.platter.emulator.host.ChargedMemory;
import dev.platter.emulator.host.HostFiles;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

/** The process's memory by what it is: its own, and that of guests which it has touched. */
final class MemoryMetrics implements MeterBinder {
  private final Path status;
  private final Supplier<Double> charged;

  MemoryMetrics() {
    this.status = Path.of("/proc/self/status");
    HostFiles files = HostFiles.ofHost();
    this.charged = () -> ChargedMemory.bytes(files);
  }

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
    Gauge.builder("platter.memory.used", charged, Supplier::get)
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
  double sum(String... fields) {
    try {
      List<String> lines = Files.readAllLines(status);
      double sum = 0;
      for (String field : fields) {
        sum += bytes(lines, field + ":");
      }
      return sum;
    } catch (IOException e) {
      return Double.NaN;
    }
  }

  private static double bytes(List<String> lines, String field) {
    for (String line : lines) {
      if (line.startsWith(field)) {
        return Double.parseDouble(line.substring(field.length()).replace("kB", "").strip()) * 1024;
      }
    }
    return Double.NaN;
  }
}
