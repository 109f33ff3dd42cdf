package dev.platter.emulator.host;

import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Facts about the host and the JVM. A fact that cannot be read is null: containers and virtual
 * machines hide some.
 *
 * @param kernelRelease as {@code uname -r}
 * @param architecture as the JVM calls it: amd64, aarch64
 * @param cpuModel the processor's name
 * @param cpuCount processors that this process may use
 * @param cpuGovernor frequency governor of the first processor
 * @param mitigations the kernel's mitigation of each vulnerability of the processor
 * @param memoryBytes the host's memory
 * @param jvmVersion the JVM's version and vendor
 * @param jvmGc its garbage collector
 * @param jvmMaxHeapBytes the JVM's largest heap
 */
public record HostFacts(
    String kernelRelease,
    String architecture,
    @Nullable String cpuModel,
    int cpuCount,
    @Nullable String cpuGovernor,
    @Nullable SortedMap<String, String> mitigations,
    @Nullable Long memoryBytes,
    String jvmVersion,
    String jvmGc,
    long jvmMaxHeapBytes) {
  private static final String CPU = "sys/devices/system/cpu";
  private static final String NOT_AFFECTED = "Not affected";

  public static HostFacts collect() {
    return collect(Path.of("/"));
  }

  /**
   * Collects the facts.
   *
   * @param root the host's root directory
   */
  public static HostFacts collect(Path root) {
    return new HostFacts(
        System.getProperty("os.version", "unknown"),
        System.getProperty("os.arch", "unknown"),
        field(lines(root.resolve("proc/cpuinfo")), "model name"),
        Runtime.getRuntime().availableProcessors(),
        first(lines(root.resolve(CPU).resolve("cpu0/cpufreq/scaling_governor"))),
        mitigations(root.resolve(CPU).resolve("vulnerabilities")),
        kibibytes(field(lines(root.resolve("proc/meminfo")), "MemTotal")),
        System.getProperty("java.vm.name", "JVM")
            + " "
            + Runtime.version()
            + " ("
            + System.getProperty("java.vendor", "unknown vendor")
            + ")",
        collector(
            ManagementFactory.getGarbageCollectorMXBeans().stream()
                .map(GarbageCollectorMXBean::getName)
                .toList()),
        Runtime.getRuntime().maxMemory());
  }

  /** The value of a {@code "name : value"} line; null if there is none. */
  static @Nullable String field(List<String> lines, String name) {
    for (String line : lines) {
      int colon = line.indexOf(':');
      if (colon > 0 && line.substring(0, colon).strip().equals(name)) {
        return line.substring(colon + 1).strip();
      }
    }
    return null;
  }

  /** Bytes in a value such as {@code "16384 kB"}, in which kB are KiB. */
  static @Nullable Long kibibytes(@Nullable String value) {
    if (value == null || !value.matches("\\d{1,15} kB")) {
      return null;
    }
    return Long.parseLong(value.substring(0, value.length() - " kB".length())) * 1024;
  }

  /** The collector behind the names of its memory managers. */
  static String collector(List<String> beans) {
    String names = String.join(", ", beans);
    if (names.startsWith("G1")) {
      return "G1";
    }
    if (names.startsWith("ZGC")) {
      return "ZGC";
    }
    if (names.startsWith("PS ")) {
      return "Parallel";
    }
    if (names.startsWith("Copy")) {
      return "Serial";
    }
    return names;
  }

  static @Nullable SortedMap<String, String> mitigations(Path directory) {
    SortedMap<String, String> found = new TreeMap<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        String state = first(lines(file));
        if (state != null && !state.equals(NOT_AFFECTED)) {
          found.put(String.valueOf(file.getFileName()), state);
        }
      }
    } catch (IOException e) {
      return null;
    }
    return found;
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      return List.of();
    }
  }

  private static @Nullable String first(List<String> lines) {
    return lines.isEmpty() ? null : lines.get(0).strip();
  }
}
