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
 * @param maxWorkers how many io-wq workers the kernel may have at work for the loop, of each of its
 *     two kinds; 0 for as many as it likes
 * @param ablations what to leave out for comparison
 */
public record AioConfig(
    int entries, Set<SetupFlag> flags, long pollMaxNanos, int maxWorkers, Set<Ablation> ablations) {
  /** As many as QEMU's loops and then some: a queue of 256 fits at once. */
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

  /** The same without something. */
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
