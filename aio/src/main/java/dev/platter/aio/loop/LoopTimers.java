package dev.platter.aio.loop;

import dev.platter.aio.ring.Ring;

/** The armed timers of one loop. For the loop's thread, or holders of its lock. */
final class LoopTimers {
  private final TimerHeap heap = new TimerHeap();
  private long lastRunNanos = System.nanoTime();

  /** Arms or moves a timer; returns whether it is the first to fire now. */
  boolean arm(AioTimer timer, long deadlineNanos) {
    cancel(timer);
    // The deadline is not before the last run of timers, so that a timer that rearms itself for the
    // past fires once a turn, instead of for ever in the same turn.
    timer.deadlineNanos = deadlineNanos - lastRunNanos <= 0 ? lastRunNanos + 1 : deadlineNanos;
    heap.add(timer);
    return timer.equals(heap.first());
  }

  /** Disarms a timer that may be armed. */
  void cancel(AioTimer timer) {
    if (timer.isArmed()) {
      heap.remove(timer);
    }
  }

  /** Nanoseconds to the first timer: 0 if it is due, {@link Ring#NO_TIMEOUT} if there is none. */
  long nanosUntilFirst() {
    AioTimer first = heap.first();
    return first == null ? Ring.NO_TIMEOUT : Math.max(0, first.deadlineNanos - System.nanoTime());
  }

  /** Loop: fires what is due; returns whether anything was. */
  boolean run() {
    AioTimer first = heap.first();
    if (first == null) {
      return false;
    }
    long now = System.nanoTime();
    lastRunNanos = now;
    boolean any = false;
    while (first != null && first.deadlineNanos - now <= 0) {
      heap.remove(first);
      first.fire();
      any = true;
      first = heap.first();
    }
    return any;
  }
}
