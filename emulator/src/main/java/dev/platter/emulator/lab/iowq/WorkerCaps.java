package dev.platter.emulator.lab.iowq;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.platter.aio.abi.IoUringAbi;
import dev.platter.aio.ring.Ring;
import dev.platter.aio.sys.Errno;
import dev.platter.emulator.host.IoWorkerThreads;
import dev.platter.emulator.lab.InterruptibleWait;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Whether IORING_REGISTER_IOWQ_MAX_WORKERS bounds the workers of a thread. */
final class WorkerCaps {
  /** Requests that block at once. */
  static final int REQUESTS = 16;

  private static final List<Integer> LIMITS = List.of(1, 2, 4);

  /**
   * The kernel's limits for a thread without limits of its own.
   *
   * @param bounded workers for files
   * @param unbounded workers for all else
   */
  record Limits(int bounded, int unbounded) {}

  /**
   * The result with a limit.
   *
   * @param limit the limit; null for the kernel's own
   * @param most the most workers at once
   * @param completed requests that completed without an error once they were released
   * @param error the errno if the limit was refused; null if not
   */
  record Outcome(
      BlockedRequests.Kind kind,
      @Nullable Integer limit,
      int most,
      int completed,
      @Nullable String error) {
    /** Whether the limit held; null without a limit. */
    @Nullable Boolean respected() {
      if (limit == null || error != null) {
        return null;
      }
      return most <= limit;
    }
  }

  private final Path scratch;
  private final long sampleNanos;
  private final long watchNanos;
  private final BooleanSupplier interrupted;

  /**
   * Prepares.
   *
   * @param sampleNanos how often workers are counted
   * @param watchNanos how long, with each limit
   */
  WorkerCaps(Path scratch, long sampleNanos, long watchNanos, BooleanSupplier interrupted) {
    this.scratch = scratch;
    this.sampleNanos = sampleNanos;
    this.watchNanos = watchNanos;
    this.interrupted = interrupted;
  }

  /** The kernel's own limits; null before Linux 5.15. */
  static @Nullable Limits defaults() {
    try (RingTask task = new RingTask("lab-limits", REQUESTS);
        Arena arena = Arena.ofShared()) {
      MemorySegment limits = arena.allocate(JAVA_INT, 2);
      return task.withRing(ring -> register(ring, limits)) < 0
          ? null
          : new Limits(limits.getAtIndex(JAVA_INT, 0), limits.getAtIndex(JAVA_INT, 1));
    }
  }

  /**
   * Sets both limits, where 0 leaves a limit as it is; the kernel writes the old limits back into
   * the memory.
   */
  private static int register(Ring ring, MemorySegment limits) {
    return ring.register(IoUringAbi.REGISTER_IOWQ_MAX_WORKERS, limits, 2);
  }

  /** Tries all limits with both kinds; returns the results so far if it is interrupted. */
  List<Outcome> tryAll() {
    List<Outcome> outcomes = new ArrayList<>();
    for (BlockedRequests.Kind kind : BlockedRequests.Kind.values()) {
      for (Integer limit : LIMITS) {
        if (!interrupted.getAsBoolean()) {
          outcomes.add(tryOne(kind, limit));
        }
      }
      if (!interrupted.getAsBoolean()) {
        outcomes.add(tryOne(kind, null));
      }
    }
    return outcomes;
  }

  private Outcome tryOne(BlockedRequests.Kind kind, @Nullable Integer limit) {
    WorkerWatch watch = new WorkerWatch(IoWorkerThreads::list);
    try (RingTask task = new RingTask("lab-limit", REQUESTS)) {
      int refused = limit == null ? 0 : setLimit(task, kind, limit);
      if (refused < 0) {
        return new Outcome(kind, limit, 0, 0, Errno.name(refused));
      }
      try (BlockedRequests requests = new BlockedRequests(task, kind, REQUESTS, scratch)) {
        int most = 0;
        long end = System.nanoTime() + watchNanos;
        do {
          most = Math.max(most, watch.count());
        } while (System.nanoTime() < end
            && InterruptibleWait.until(System.nanoTime() + sampleNanos, interrupted));
        int completed = requests.release();
        return new Outcome(kind, limit, Math.max(most, watch.count()), completed, null);
      }
    }
  }

  private static int setLimit(RingTask task, BlockedRequests.Kind kind, int limit) {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment limits = arena.allocate(JAVA_INT, 2);
      limits.setAtIndex(JAVA_INT, kind == BlockedRequests.Kind.BOUNDED ? 0 : 1, limit);
      return task.withRing(ring -> register(ring, limits));
    }
  }
}
