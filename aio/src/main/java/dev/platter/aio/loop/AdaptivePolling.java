package dev.platter.aio.loop;

/**
 * How long a loop or a vCPU spins before it sleeps. The time grows while work arrives just after a
 * spin ended, and shrinks when waits are long anyway. For one thread.
 *
 * <p>After a long wait, a loop stops spinning at once, as QEMU's loops do: its client made the wait
 * long and will do so again, and a spin that finds nothing costs the client a CPU and both of them
 * a wake-up. A vCPU halves its time, as KVM's vCPUs do: the register accesses of a command follow
 * each other quickly, with one long wait for the disk in between.
 */
public final class AdaptivePolling {
  private static final long FIRST_NANOS = 4_000;
  private static final int FACTOR = 2;

  private final long maxNanos;
  private final boolean halves;
  private long nanos;

  private AdaptivePolling(long maxNanos, boolean halves) {
    this.maxNanos = maxNanos;
    this.halves = halves;
  }

  /**
   * For a loop. Starts without spinning.
   *
   * @param maxNanos longest spin; 0 never spins
   */
  public static AdaptivePolling ofLoop(long maxNanos) {
    return new AdaptivePolling(maxNanos, false);
  }

  /**
   * For a vCPU, or for a thread that plays a vCPU. Starts without spinning.
   *
   * @param maxNanos longest spin; 0 never spins
   */
  public static AdaptivePolling ofVcpu(long maxNanos) {
    return new AdaptivePolling(maxNanos, true);
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
      return; // the spin was long enough
    }
    if (waitedNanos > maxNanos) {
      nanos = halves && nanos > FIRST_NANOS ? nanos / FACTOR : 0; // no spin is that long
    } else if (nanos < maxNanos) {
      nanos = Math.min(maxNanos, nanos == 0 ? FIRST_NANOS : nanos * FACTOR);
    }
  }
}
