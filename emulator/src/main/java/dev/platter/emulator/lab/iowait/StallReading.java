package dev.platter.emulator.lab.iowait;

import dev.platter.emulator.host.HostFiles;
import dev.platter.emulator.host.Pressure;
import dev.platter.emulator.host.PressureFile;
import java.util.EnumMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * All {@link StallCounter}s that add up, at one time; a source that cannot be read is null.
 *
 * @param nanos the time, of {@link System#nanoTime}
 */
record StallReading(
    long nanos, @Nullable CpuIowait iowait, @Nullable Pressure host, @Nullable Pressure cgroup) {
  private static final double MICROS = 1e-6;

  /** The sources of readings. */
  record Sources(PressureFile host, PressureFile cgroup) {
    static Sources ofThisHost() {
      return new Sources(PressureFile.ofHost(), PressureFile.ofOwnCgroup());
    }

    StallReading read() {
      Pressure host = host().read();
      Pressure cgroup = cgroup().read();
      CpuIowait iowait = CpuIowait.parse(HostFiles.ofHost().lines("/proc/stat"));
      return new StallReading(System.nanoTime(), iowait, host, cgroup);
    }
  }

  /**
   * The difference of two readings.
   *
   * @param seconds the time between them
   * @param shares of that time, by counter, as a fraction; unreadable counters are missing. IOWAIT
   *     is added up over CPUs and may exceed 1
   * @param iowaitSeconds by CPU; empty if it could not be read
   */
  record Window(
      double seconds, Map<StallCounter, Double> shares, SortedMap<Integer, Double> iowaitSeconds) {
    /** The same with another counter, if there is a share of it. */
    Window with(StallCounter counter, @Nullable Double share) {
      if (share == null) {
        return this;
      }
      Map<StallCounter, Double> all = new EnumMap<>(StallCounter.class);
      all.putAll(shares);
      all.put(counter, share);
      return new Window(seconds, all, iowaitSeconds);
    }
  }

  /** The window that began with {@code earlier} and ends with this. */
  Window since(StallReading earlier) {
    double seconds = (nanos - earlier.nanos) / 1e9;
    Map<StallCounter, Double> shares = new EnumMap<>(StallCounter.class);
    SortedMap<Integer, Double> byCpu = new TreeMap<>();
    CpuIowait iowaitBefore = earlier.iowait;
    if (iowait != null && iowaitBefore != null) {
      byCpu = iowait.secondsSince(iowaitBefore);
      double sum = byCpu.values().stream().mapToDouble(Double::doubleValue).sum();
      shares.put(StallCounter.IOWAIT, sum / seconds);
    }
    pressure(shares, StallCounter.HOST_SOME, StallCounter.HOST_FULL, earlier.host, host, seconds);
    pressure(
        shares,
        StallCounter.CGROUP_SOME,
        StallCounter.CGROUP_FULL,
        earlier.cgroup,
        cgroup,
        seconds);
    return new Window(seconds, shares, byCpu);
  }

  private static void pressure(
      Map<StallCounter, Double> shares,
      StallCounter some,
      StallCounter full,
      @Nullable Pressure before,
      @Nullable Pressure after,
      double seconds) {
    if (before == null || after == null) {
      return;
    }
    shares.put(some, Math.max(0, after.someMicros() - before.someMicros()) * MICROS / seconds);
    Long fullBefore = before.fullMicros();
    Long fullAfter = after.fullMicros();
    if (fullBefore != null && fullAfter != null) {
      shares.put(full, Math.max(0, fullAfter - fullBefore) * MICROS / seconds);
    }
  }
}
