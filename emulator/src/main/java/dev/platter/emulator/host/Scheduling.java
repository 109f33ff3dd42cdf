package dev.platter.emulator.host;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * How the host treated some threads during a measurement.
 *
 * @param elapsedNanos how long the measurement was
 * @param threads the threads that matter, with their times in the measurement; threads with one
 *     name are added up; empty where the kernel keeps no account
 * @param stolen the share of all CPUs' time that other virtual machines had, 0 to 1; null if
 *     unknown
 * @param pressure the share of the time in which at least one task of the host waited for a CPU, 0
 *     to 1; null without PSI
 * @param otherCpus how many CPUs other programs kept busy; null if unknown
 * @param load the load average over one minute at the end; null if unknown
 */
public record Scheduling(
    long elapsedNanos,
    List<ThreadTime> threads,
    @Nullable Double stolen,
    @Nullable Double pressure,
    @Nullable Double otherCpus,
    @Nullable Double load) {
  /** A host is busy from this share of the time on. */
  public static final double BUSY = 0.05;

  /** The value where nothing is known. */
  public static final Scheduling UNKNOWN = new Scheduling(0, List.of(), null, null, null, null);

  /** Puts threads of one name together. */
  public Scheduling {
    Map<String, ThreadTime> byName = new LinkedHashMap<>();
    for (ThreadTime time : threads) {
      byName.merge(time.name(), time, Scheduling::sum);
    }
    threads = List.copyOf(byName.values());
  }

  /**
   * From two readings of the host, before and after the measured part.
   *
   * @param measuredNanos how long the measured part was
   * @param threads the threads that matter, with their times in that part
   * @param othersOfOurs CPU time of other processes that belong to the measurement
   */
  public static Scheduling between(
      HostReading before,
      HostReading after,
      long measuredNanos,
      List<ThreadTime> threads,
      long othersOfOurs) {
    long elapsed = Math.max(1, after.atNanos() - before.atNanos());
    double all = (double) elapsed * after.cpus();
    long own =
        after.own().userNanos()
            - before.own().userNanos()
            + after.own().systemNanos()
            - before.own().systemNanos();
    Double busy = difference(before.busyNanos(), after.busyNanos());
    Double stolen = difference(before.stolenNanos(), after.stolenNanos());
    Double pressure = difference(before.pressureNanos(), after.pressureNanos());
    return new Scheduling(
        measuredNanos,
        threads,
        stolen == null ? null : Math.clamp(stolen / all, 0, 1),
        pressure == null ? null : Math.clamp(pressure / elapsed, 0, 1),
        busy == null ? null : Math.max(0, (busy - own - othersOfOurs) / elapsed),
        after.load());
  }

  private static @Nullable Double difference(@Nullable Long before, @Nullable Long after) {
    return before == null || after == null ? null : (double) (after - before);
  }

  private static ThreadTime sum(ThreadTime one, ThreadTime other) {
    return new ThreadTime(
        one.name(), one.ranNanos() + other.ranNanos(), one.waitedNanos() + other.waitedNanos());
  }

  /** Joins several measurements, one after the other, into one: shares are of the whole time. */
  public static Scheduling sum(List<Scheduling> parts) {
    if (parts.isEmpty()) {
      return UNKNOWN;
    }
    List<ThreadTime> threads = new ArrayList<>();
    parts.forEach(part -> threads.addAll(part.threads()));
    Double load = null;
    for (Scheduling part : parts) {
      Double own = part.load();
      if (own != null && (load == null || own > load)) {
        load = own;
      }
    }
    return new Scheduling(
        parts.stream().mapToLong(Scheduling::elapsedNanos).sum(),
        threads,
        mean(parts, part -> part.stolen()),
        mean(parts, part -> part.pressure()),
        mean(parts, part -> part.otherCpus()),
        load);
  }

  /** A mean that is weighted by time; null if the value of a part is unknown. */
  private static @Nullable Double mean(
      List<Scheduling> parts, Function<Scheduling, @Nullable Double> figure) {
    double sum = 0;
    double weight = 0;
    for (Scheduling part : parts) {
      Double value = figure.apply(part);
      if (value == null) {
        return null;
      }
      sum += value * part.elapsedNanos();
      weight += part.elapsedNanos();
    }
    return weight == 0 ? null : sum / weight;
  }

  /** The share of the time in which a thread waited for a CPU, 0 to 1. */
  public double waited(ThreadTime thread) {
    return elapsedNanos == 0 ? 0 : Math.clamp((double) thread.waitedNanos() / elapsedNanos, 0, 1);
  }

  /** The largest {@link #waited} share of a thread; null if the kernel keeps no account. */
  public @Nullable Double worst() {
    return threads.isEmpty()
        ? null
        : Double.valueOf(threads.stream().mapToDouble(this::waited).max().orElse(0));
  }

  /** Whether the host was too busy for the figures of this time to be trusted. */
  public boolean busy() {
    Double worst = worst();
    return (worst != null && worst >= BUSY) || (stolen != null && stolen >= BUSY);
  }
}
