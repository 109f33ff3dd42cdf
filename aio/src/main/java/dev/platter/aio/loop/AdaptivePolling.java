package dev.platter.aio.loop;

/**
 * How long a loop or a halted vCPU spins before it sleeps: grows while work arrives just after the
 * spin gave up, goes back to nothing when waits are long anyway. For one thread.
 */
public final class AdaptivePolling {
  private static final long FIRST_NANOS = 4_000;
  private static final int GROW = 2;

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
      nanos = 0; // no allowed poll would have caught it
    } else if (nanos < maxNanos) {
      nanos = Math.min(maxNanos, nanos == 0 ? FIRST_NANOS : nanos * GROW);
    }
  }
}
