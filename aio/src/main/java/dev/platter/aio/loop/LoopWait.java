package dev.platter.aio.loop;

import dev.platter.aio.sys.Errno;
import dev.platter.aio.trace.LoopWaitEvent;
import dev.platter.aio.trace.TraceEvents;
import org.jspecify.annotations.Nullable;

/**
 * How a loop submits and waits: a busy poll while that pays, then one {@code io_uring_enter} that
 * submits what is queued and sleeps until a completion, a wake-up or the first timer. The loop's
 * own thread; a big lock is given up while it waits.
 */
final class LoopWait {
  private final String name;
  private final @Nullable BigLock lock;
  private final boolean checksCq;
  private final LoopRing ring;
  private final LoopRequests requests;
  private final LoopTimers timers;
  private final LoopWakeup wakeup;
  private final LoopStats stats;
  private final ReapTracing look;
  private final BusyPoll busyPoll;
  private boolean ringSaysReady;

  /**
   * Creates the wait of a loop.
   *
   * @param name the loop's name, for errors and traces
   * @param lock the loop's big lock, or null
   * @param checksCq whether the loop looks for completions before it sleeps: false only to show
   *     what that is for
   */
  LoopWait(
      String name,
      @Nullable BigLock lock,
      boolean checksCq,
      LoopRing ring,
      LoopRequests requests,
      LoopTimers timers,
      LoopWakeup wakeup,
      LoopStats stats,
      ReapTracing look,
      BusyPoll busyPoll) {
    this.name = name;
    this.lock = lock;
    this.checksCq = checksCq;
    this.ring = ring;
    this.requests = requests;
    this.timers = timers;
    this.wakeup = wakeup;
    this.stats = stats;
    this.look = look;
    this.busyPoll = busyPoll;
  }

  /**
   * Submits what is queued, and waits unless there is something to do.
   *
   * @param mayWait whether there is nothing to do but what the ring or a timer may bring
   * @return whether a look at memory has found work; a watch has then done that work already
   */
  boolean submitAndWait(boolean mayWait) {
    boolean waits = mayWait && (ring.cq().isEmpty() || !checksCq);
    long timeout = waits ? timers.nanosUntilFirst() : 0;
    waits = timeout != 0;
    boolean progress = false;
    long pollStart = 0;
    // With SQEs to submit, one call that submits and sleeps beats spinning: the loop waits for the
    // disk then, and that time says nothing about when the next request comes.
    if (waits && busyPoll.enabled() && ring.sq().pending() == 0) {
      pollStart = System.nanoTime();
      progress = busyPoll.spin(pollStart, timeout);
      waits = !progress;
    } else if (!waits) {
      progress = busyPoll.lookOnce();
    }
    if (waits) {
      busyPoll.end();
    }
    enterIfNeeded(waits);
    if (waits && pollStart != 0) {
      busyPoll.polling().adjust(System.nanoTime() - pollStart);
    }
    return progress;
  }

  /** Whether completions that are in the CQ are to be taken now. */
  boolean maySeeCompletions() {
    return checksCq || ringSaysReady;
  }

  private void enterIfNeeded(boolean wantsToWait) {
    // The end of polling took time and may have armed a timer, so the timers are read again.
    long timeout = wantsToWait ? timers.nanosUntilFirst() : 0;
    boolean waits = timeout != 0 && wakeup.prepareToSleep();
    // Bottom halves and SQEs announced before accept() are covered by the checks in turn().
    int toSubmit = ring.sq().publish();
    requests.stampEntered(look.lastWake());
    look.turnOn(requests.anyTimelines());
    boolean needed =
        !checksCq || waits || toSubmit != 0 || ring.hidesTaskWork() || ring.needsAttention();
    if (needed) {
      enter(toSubmit, waits, timeout);
    } else if (lock != null) {
      // A loop that always finds work must still let vCPUs take the lock.
      lock.unlock();
      lock.lock();
    }
  }

  private void enter(int toSubmit, boolean waits, long timeout) {
    int blockInFlight = requests.blockInFlight();
    boolean noIowait = waits && ring.hasNoIowait() && blockInFlight == 0;
    stats.enters.increment();
    if (noIowait) {
      stats.noIowaitWaits.increment();
    }
    int result = 0;
    look.leaves(waits && !ring.cq().isEmpty());
    LoopWaitEvent event = waits && TraceEvents.wanted() ? LoopWaitEvent.beginIfEnabled(name) : null;
    if (lock != null) {
      lock.unlock();
    }
    try {
      result =
          checksCq
              ? ring.ring().enter(toSubmit, waits ? 1 : 0, timeout, noIowait)
              : enterAndPoll(toSubmit, waits ? timeout : 0);
    } finally {
      look.back(waits, checksCq ? ring.cq().isEmpty() : !ringSaysReady);
      if (event != null) {
        event.end();
      }
      wakeup.awake();
      if (lock != null) {
        lock.lock();
      }
    }
    if (event != null) {
      LoopWaitEvent.end(event, look.lastWake(), blockInFlight);
    }
    count(result);
  }

  private void count(int result) {
    if (result >= 0) {
      stats.sqesSubmitted.add(result);
    } else if (result != -Errno.ETIME
        && result != -Errno.EINTR
        && result != -Errno.EAGAIN
        && result != -Errno.EBUSY) {
      throw new IllegalStateException(
          "io_uring_enter failed with "
              + Errno.name(result)
              + " on loop "
              + name
              + ": "
              + ring.sq());
    }
  }

  /** The wait without the CQ check: CQEs that the ring does not report as new stay in the CQ. */
  private int enterAndPoll(int toSubmit, long timeout) {
    int result = ring.ring().enter(toSubmit, 0, 0, false);
    ringSaysReady = ring.ring().poll(timeout);
    return result;
  }
}
