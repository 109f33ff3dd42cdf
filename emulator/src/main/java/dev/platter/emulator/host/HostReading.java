package dev.platter.emulator.host;

import dev.platter.aio.sys.CpuTime;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The host's counters at one time: the time of its CPUs, how long tasks waited for a CPU, and the
 * load.
 *
 * @param atNanos the time of the reading, on the clock of {@link System#nanoTime}
 * @param cpus how many CPUs the host has
 * @param own CPU time of this process
 * @param busyNanos of all CPUs together: time in which they ran tasks or served interrupts; null if
 *     unknown
 * @param stolenNanos of all CPUs together: time in which another virtual machine had them; null if
 *     unknown
 * @param pressureNanos time in which at least one task waited for a CPU; null without PSI
 * @param load the load average over one minute; null if unknown
 */
public record HostReading(
    long atNanos,
    int cpus,
    CpuTime own,
    @Nullable Long busyNanos,
    @Nullable Long stolenNanos,
    @Nullable Long pressureNanos,
    @Nullable Double load) {
  // USER_HZ is 100 on all architectures that this runs on.
  private static final long TICK_NANOS = 10_000_000;
  private static final int USER = 1;
  private static final int IDLE = 4;
  private static final int IOWAIT = 5;
  private static final int STEAL = 8;

  /** Reads this host. */
  public static HostReading now() {
    return now(Path.of("/"));
  }

  /**
   * Reads a host.
   *
   * @param root its root directory
   */
  public static HostReading now(Path root) {
    List<String> stat = lines(root.resolve("proc/stat"));
    long @Nullable [] ticks = ticks(stat);
    return new HostReading(
        System.nanoTime(),
        (int) Math.max(1, stat.stream().filter(line -> line.matches("cpu\\d+ .*")).count()),
        CpuTime.now(),
        ticks == null ? null : busy(ticks),
        ticks == null ? null : ticks[STEAL] * TICK_NANOS,
        pressure(lines(root.resolve("proc/pressure/cpu"))),
        load(lines(root.resolve("proc/loadavg"))));
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return List.of(); // the kernel has no such file, or it is switched off
    }
  }

  private static String first(List<String> lines) {
    return lines.isEmpty() ? "" : lines.getFirst();
  }

  /** The numbers of the line of all CPUs, in order; null if there are too few. */
  private static long @Nullable [] ticks(List<String> stat) {
    String[] words = first(stat).strip().split(" +", -1);
    if (words.length <= STEAL || !words[0].equals("cpu")) {
      return null;
    }
    long[] ticks = new long[STEAL + 1];
    for (int i = USER; i <= STEAL; i++) {
      if (!words[i].matches("\\d{1,18}")) {
        return null;
      }
      ticks[i] = Long.parseLong(words[i]);
    }
    return ticks;
  }

  /** The busy time. The time of guests is left out, because users' time includes it. */
  private static long busy(long[] ticks) {
    long sum = 0;
    for (int i = USER; i < STEAL; i++) {
      sum += i == IDLE || i == IOWAIT ? 0 : ticks[i];
    }
    return sum * TICK_NANOS;
  }

  private static @Nullable Long pressure(List<String> lines) {
    String line = first(lines);
    int total = line.lastIndexOf("total=");
    String number = total < 0 ? "" : line.substring(total + "total=".length()).strip();
    return line.startsWith("some ") && number.matches("\\d{1,15}")
        ? Long.valueOf(Long.parseLong(number) * 1000)
        : null;
  }

  private static @Nullable Double load(List<String> lines) {
    String word = first(lines).split(" ", 2)[0];
    return word.matches("\\d{1,9}\\.\\d{1,4}") ? Double.valueOf(word) : null;
  }
}
