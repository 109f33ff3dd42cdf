package dev.platter.emulator.trace;

import dev.platter.aio.trace.Stamp;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Names the cause of a stall.
 *
 * <p>A request stalled if one of its stages took longer than the threshold and its cause is known;
 * of several such stages the longest gives the cause. The kernel's stage by itself is a slow disk,
 * not a stall. What only the whole run's observations tell is looked at when the run is over, and
 * wins: a pause of the JVM that covers more than half of the stage, or a worker thread of io_uring
 * that was busy during a kernel stage.
 */
public final class StallJudge {
  /** What counts as a stall unless said otherwise. */
  public static final long DEFAULT_THRESHOLD_NANOS = 1_000_000;

  private static final Stamp[] STAMPS = Stamp.values();

  private StallJudge() {}

  /**
   * A named stall.
   *
   * @param cause why the request waited
   * @param stage the stage in which it did, by the stamp that ends it
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

  /** The stage beyond the threshold with a known cause that took longest; null if there is none. */
  static @Nullable Stamp blamedStage(
      TracedDevice device, RequestRecord request, long thresholdNanos) {
    Stamp blamed = null;
    long most = thresholdNanos;
    for (Stamp end : STAMPS) {
      if (request.hasStage(end)
          && request.stageNanos(end) > most
          && causeOf(device, request, end) != null) {
        blamed = end;
        most = request.stageNanos(end);
      }
    }
    return blamed;
  }

  /** Why a stage was long, as far as the request's own facts tell; null if they do not. */
  static @Nullable StallCause causeOf(TracedDevice device, RequestRecord request, Stamp end) {
    return switch (end) {
      case HANDLED -> {
        if (device.isVirtio()) {
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
      case SEEN -> device == TracedDevice.RAW ? null : StallCause.GUEST_LATE;
      case SUBMITTED, DOORBELL, EXIT, QUEUED, COMPLETED, INTERRUPT -> null;
    };
  }

  private static @Nullable StallCause kernelCause(RequestRecord request) {
    return switch (request.operation()) {
      // The kernel hands these to a worker at once.
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

  /** The final word on a request; null if it did not stall. */
  static @Nullable Stall judge(
      TracedDevice device, RequestRecord request, long thresholdNanos, Observations seen) {
    Stamp longest = longestStage(request, thresholdNanos);
    if (longest == null) {
      return null;
    }
    Stall worst = stall(StallCause.GC_PAUSE, request, longest);
    Stamp blamed = blamedStage(device, request, thresholdNanos);
    StallCause cause = blamed == null ? null : causeOf(device, request, blamed);
    Stall known = blamed == null || cause == null ? null : stall(cause, request, blamed);
    return judge(worst, known, seen);
  }

  private static Stall stall(StallCause cause, RequestRecord request, Stamp end) {
    return new Stall(cause, end, request.stageBeginNanos(end), request.stageNanos(end));
  }

  /**
   * The final word.
   *
   * @param longest the longest stage; its cause is not looked at
   * @param known the longest stage with a known cause, or null
   */
  static @Nullable Stall judge(Stall longest, @Nullable Stall known, Observations seen) {
    if (mostlyPaused(longest, seen.pauses())) {
      return new Stall(StallCause.GC_PAUSE, longest.stage(), longest.beginNanos(), longest.nanos());
    }
    if (longest.stage() == Stamp.READY
        && seen.workers().overlaps(longest.beginNanos(), longest.beginNanos() + longest.nanos())) {
      return new Stall(
          StallCause.WORKER_POOL, longest.stage(), longest.beginNanos(), longest.nanos());
    }
    if (known != null && mostlyPaused(known, seen.pauses())) {
      return new Stall(StallCause.GC_PAUSE, known.stage(), known.beginNanos(), known.nanos());
    }
    return known;
  }

  private static boolean mostlyPaused(Stall stage, List<Pause> pauses) {
    return pausedNanos(stage, pauses) > stage.nanos() / 2;
  }

  /** How much of a stage's time the JVM's threads were stopped. */
  static long pausedNanos(Stall stage, List<Pause> pauses) {
    long begin = stage.beginNanos();
    long paused = 0;
    for (Pause pause : pauses) {
      long from = Math.max(0, pause.beginNanos() - begin);
      long to = Math.min(stage.nanos(), pause.endNanos() - begin);
      paused += Math.max(0, to - from);
    }
    return paused;
  }
}
