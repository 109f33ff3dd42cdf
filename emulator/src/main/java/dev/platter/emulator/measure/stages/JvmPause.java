package dev.platter.emulator.measure.stages;

/**
 * A time in which the JVM ran none of the program's threads.
 *
 * @param kind {@code gc} or {@code safepoint}
 * @param beginNanos on the clock of {@link System#nanoTime}
 * @param endNanos on the same clock
 * @param detail the JVM's activity, in the JVM's words
 */
public record JvmPause(String kind, long beginNanos, long endNanos, String detail) {
  /** How long it lasted. */
  public long nanos() {
    return endNanos - beginNanos;
  }
}
