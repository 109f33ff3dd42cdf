package dev.platter.aio.loop;

/**
 * How long a loop or a halted vCPU spins before it sleeps: grows while work arrives just after the
 * spin gave up, and shrinks, to nothing in the end, when waits are long anyway. One long wait among
 * short ones, such as the disk's between the register accesses of a command, only halves it. For
 * one thread.
 */
public final class AdaptivePolling {
  private static final long FIRST_NANOS = 4_000;
  private static final int FACTOR = 2;

  private final long maxNanos;
  private long nanos;

  /**
   * Starts without spinning.
   *
   * @param maxNanos longest spin; 0 never spins
   */
  public AdaptivePolling(long maxNanos) {
    this.maxNanos = maxNanos;
  }

  /** Whether it ever spins. */
  public boolean enabled() {
    return maxNanos > 0;
  }

  /** How long to spin now. */
  public long nanos() {
    return nanos;
  }

  /** Learns from a wait, spun or slept, that took {@code waitedNanos}. */
  public void adjust(long waitedNanos) {
    if (waitedNanos <= nanos) {
      return; // polling caught it
    }
    if (waitedNanos > maxNanos) {
      nanos = nanos > FIRST_NANOS ? nanos / FACTOR : 0; // no allowed poll would have caught it
    } else if (nanos < maxNanos) {
      nanos = Math.min(maxNanos, nanos == 0 ? FIRST_NANOS : nanos * FACTOR);
    }
  }
}
