package dev.platter.aio.loop;

import dev.platter.aio.ring.SetupFlag;
import java.util.EnumSet;
import java.util.Set;

/**
 * How a loop is set up.
 *
 * @param entries SQ size
 * @param flags the ring flags to ask for
 * @param pollMaxNanos longest busy poll before sleeping; 0 never polls
 * @param maxWorkers how many io-wq workers of each of the two kinds may work for the loop at a
 *     time; 0 leaves the number to the kernel
 * @param ablations what to leave out for comparison
 */
public record AioConfig(
    int entries, Set<SetupFlag> flags, long pollMaxNanos, int maxWorkers, Set<Ablation> ablations) {
  /** More than QEMU's loops have: a whole queue of 256 requests fits at once. */
  public static final int DEFAULT_ENTRIES = 256;

  /** Longest busy poll, as the {@code poll-max-ns} of QEMU's IOThreads. */
  public static final long DEFAULT_POLL_MAX_NANOS = 32_768;

  /** Copies the sets. */
  public AioConfig {
    flags = Set.copyOf(flags);
    ablations = Set.copyOf(ablations);
  }

  /** An IOThread's loop: one thread for all, so every flag may be asked for. */
  public static AioConfig ioThread() {
    return new AioConfig(
        DEFAULT_ENTRIES, EnumSet.allOf(SetupFlag.class), DEFAULT_POLL_MAX_NANOS, 0, Set.of());
  }

  /** The main loop: vCPUs queue into its ring, so it is not SINGLE_ISSUER. */
  public static AioConfig mainLoop() {
    EnumSet<SetupFlag> flags = EnumSet.allOf(SetupFlag.class);
    flags.remove(SetupFlag.SINGLE_ISSUER);
    flags.remove(SetupFlag.DEFER_TASKRUN);
    return new AioConfig(DEFAULT_ENTRIES, flags, DEFAULT_POLL_MAX_NANOS, 0, Set.of());
  }

  /** The same with other flags. */
  public AioConfig withFlags(Set<SetupFlag> flags) {
    return new AioConfig(entries, flags, pollMaxNanos, maxWorkers, ablations);
  }

  /** The same with another longest busy poll. */
  public AioConfig withPollMaxNanos(long pollMaxNanos) {
    return new AioConfig(entries, flags, pollMaxNanos, maxWorkers, ablations);
  }

  /** The same with these steps left out. */
  public AioConfig without(Set<Ablation> what) {
    return new AioConfig(entries, flags, pollMaxNanos, maxWorkers, what);
  }

  /** The same with another SQ size. */
  public AioConfig withEntries(int entries) {
    return new AioConfig(entries, flags, pollMaxNanos, maxWorkers, ablations);
  }

  /** The same with another limit of workers. */
  public AioConfig withMaxWorkers(int maxWorkers) {
    return new AioConfig(entries, flags, pollMaxNanos, maxWorkers, ablations);
  }
}
