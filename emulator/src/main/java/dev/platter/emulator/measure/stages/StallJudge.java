package dev.platter.emulator.measure.stages;

import dev.platter.aio.trace.Stamp;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Names the cause of a stall.
 *
 * <p>A request stalled if its longest stage took longer than the threshold and the cause of that
 * stage is known. A long stage in the kernel alone means a slow disk, and is no stall. Causes that
 * only the whole run's observations show are added when the run is over, and come first: a pause of
 * the JVM over more than half of the stage; a wait for a CPU during more than half of it; a worker
 * thread of io_uring that was busy during a kernel stage.
 */
public final class StallJudge {
  /** How long a stage must be by default to count as a stall. */
  public static final long DEFAULT_THRESHOLD_NANOS = 1_000_000;

  private static final Stamp[] STAMPS = Stamp.values();

  private StallJudge() {}

  /**
   * A named stall.
   *
   * @param cause why the request waited
   * @param stage the stage of that wait, by the stamp that ends it
   * @param beginNanos when that stage began
   * @param nanos how long that stage took
   */
  record Stall(StallCause cause, Stamp stage, long beginNanos, long nanos) {}

  /**
   * The stage beyond the threshold that took longest, whatever its cause; null if there is none.
   */
  static @Nullable Stamp longestStage(RequestRecord request, long thresholdNanos) {
    Stamp longest = null;
    long most = thresholdNanos;
    for (Stamp end : STAMPS) {
      if (request.hasStage(end) && request.stageNanos(end) > most) {
        longest = end;
        most = request.stageNanos(end);
      }
    }
    return longest;
  }

  /** Why a stage was long, from the request's own stamps; null if they do not show it. */
  static @Nullable StallCause causeOf(TracedDevice device, RequestRecord request, Stamp end) {
    return switch (end) {
      case HANDLED -> {
        if (device.entry() == TracedDevice.Entry.EVENTFD) {
          yield StallCause.IOTHREAD_LATE;
        }
        yield request.lockHolder() == null ? null : StallCause.BIG_LOCK;
      }
      case ENTERED -> queueCause(request);
      case READY -> kernelCause(request);
      case REAPED ->
          !request.sleptOnReady() && mostlyLocked(request, end)
              ? StallCause.BIG_LOCK
              : StallCause.CQE_NOT_REAPED;
      case SEEN -> device.entry() == TracedDevice.Entry.CALL ? null : StallCause.GUEST_LATE;
      case SUBMITTED, DOORBELL, EXIT, QUEUED, COMPLETED, INTERRUPT -> null;
    };
  }

  private static @Nullable StallCause kernelCause(RequestRecord request) {
    return switch (request.operation()) {
      // The kernel hands these operations to a worker at once.
      case FLUSH, DISCARD, WRITE_ZEROES -> StallCause.WORKER_POOL;
      case READ, WRITE ->
          request.unseenNanos() > request.stageNanos(Stamp.READY) / 2
              ? StallCause.CQE_NOT_REAPED
              : null;
    };
  }

  private static boolean mostlyLocked(RequestRecord request, Stamp end) {
    return request.lockHolder() != null && request.lockHeldNanos() > request.stageNanos(end) / 2;
  }

  private static StallCause queueCause(RequestRecord request) {
    if (request.waitedForRoom()) {
      return StallCause.SQ_FULL;
    }
    if (!request.asleepWhenQueued()) {
      return StallCause.LOOP_BUSY;
    }
    return request.notified() ? StallCause.LATE_WAKEUP : StallCause.NOT_NOTIFIED;
  }

  /** The final judgement on a request; null if it did not stall, or the cause is unknown. */
  static @Nullable Stall judge(
      TracedDevice device,
      PathThreads threads,
      RequestRecord request,
      long thresholdNanos,
      Observations seen) {
    Stamp longest = longestStage(request, thresholdNanos);
    if (longest == null) {
      return null;
    }
    return judge(
        longest,
        request.stageBeginNanos(longest),
        request.stageNanos(longest),
        causeOf(device, request, longest),
        threads.of(device, longest),
        seen);
  }

  /**
   * The final judgement.
   *
   * @param stage the longest stage, by the stamp that ends it
   * @param beginNanos when it began
   * @param nanos how long it took
   * @param known the cause by the request's own stamps, or null
   * @param threads the threads that the stage needs to go on
   */
  static @Nullable Stall judge(
      Stamp stage,
      long beginNanos,
      long nanos,
      @Nullable StallCause known,
      Predicate<String> threads,
      Observations seen) {
    StallCause cause = known;
    if (pausedNanos(beginNanos, nanos, seen.pauses()) > nanos / 2) {
      cause = StallCause.GC_PAUSE;
    } else if (mayBeDelay(known)
        && seen.delays().waitedNanos(threads, beginNanos, nanos) > nanos / 2) {
      cause = StallCause.NOT_SCHEDULED;
    } else if (stage == Stamp.READY && seen.workers().overlaps(beginNanos, beginNanos + nanos)) {
      cause = StallCause.WORKER_POOL;
    }
    return cause == null ? null : new Stall(cause, stage, beginNanos, nanos);
  }

  /** Whether a wait for a CPU can look like the known cause: not if the thread had no work. */
  private static boolean mayBeDelay(@Nullable StallCause known) {
    return known != StallCause.NOT_NOTIFIED && known != StallCause.SQ_FULL;
  }

  /** How much of a stretch of time the JVM's threads were stopped. */
  static long pausedNanos(long beginNanos, long nanos, List<JvmPause> pauses) {
    long paused = 0;
    for (JvmPause pause : pauses) {
      long from = Math.max(0, pause.beginNanos() - beginNanos);
      long to = Math.min(nanos, pause.endNanos() - beginNanos);
      paused += Math.max(0, to - from);
    }
    return paused;
  }
}
