package dev.platter.emulator.lab.iowait;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The iowait column of {@code /proc/stat}: how long each CPU was idle while a task that last ran on
 * it waited for I/O, in ticks since boot.
 *
 * @param ticks by the CPU's number; never empty
 */
record CpuIowait(SortedMap<Integer, Long> ticks) {
  /** USER_HZ is 100 on every architecture that Platter runs on, whatever the kernel's own HZ is. */
  static final double TICK_SECONDS = 0.01;

  // cpuN user nice system idle iowait ...
  private static final Pattern LINE =
      Pattern.compile("cpu(\\d{1,6})(?: +\\d{1,18}){4} +(\\d{1,18})(?: .*)?");

  /** Reads the column from the file's lines; null if no CPU's line has it. */
  static @Nullable CpuIowait parse(List<String> lines) {
    SortedMap<Integer, Long> ticks = new TreeMap<>();
    for (String line : lines) {
      Matcher matcher = LINE.matcher(line);
      if (matcher.matches()) {
        ticks.put(Integer.valueOf(matcher.group(1)), Long.valueOf(matcher.group(2)));
      }
    }
    return ticks.isEmpty() ? null : new CpuIowait(ticks);
  }

  /**
   * Seconds of iowait by CPU since {@code earlier}, for the CPUs that are in both. The kernel
   * documents that the column may decrease; a decrease counts as 0.
   */
  SortedMap<Integer, Double> secondsSince(CpuIowait earlier) {
    SortedMap<Integer, Double> seconds = new TreeMap<>();
    ticks.forEach((cpu, now) -> {
      Long before = earlier.ticks.get(cpu);
      if (before != null) {
        seconds.put(cpu, Math.max(0, now - before) * TICK_SECONDS);
      }
    });
    return seconds;
  }
}
