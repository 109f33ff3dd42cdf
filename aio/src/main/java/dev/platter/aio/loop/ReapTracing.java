package dev.platter.aio.loop;

import dev.platter.aio.trace.Timeline;
import org.jspecify.annotations.Nullable;

/**
 * Records when and how a loop looked at its CQ, only while requests with a timeline are in flight.
 * For the loop's own thread.
 */
final class ReapTracing {
  private final @Nullable BigLock lock;
  private boolean on;
  private long lastNanos;
  private long readyNanos;
  private long leftNanos;
  private long awayNanos;
  private boolean sleptOnReady;
  private Timeline.Wake lastWake = Timeline.Wake.NONE;

  ReapTracing(@Nullable BigLock lock) {
    this.lock = lock;
  }

  /** A turn begins; {@code wanted} says whether anybody asks for stamps. */
  void begin(boolean wanted) {
    if (wanted && !on) {
      // No request with a timeline waited before now.
      lastNanos = System.nanoTime();
    }
    on = wanted;
    readyNanos = 0;
    awayNanos = 0;
    sleptOnReady = false;
  }

  /** Requests with a timeline may have come since the turn began. */
  void turnOn(boolean wanted) {
    if (wanted && !on) {
      on = true;
      lastNanos = System.nanoTime();
    }
  }

  /** The loop has polled the CQ until now, and {@code found} says whether there are CQEs. */
  void polled(boolean found) {
    if (on) {
      lastNanos = System.nanoTime();
      readyNanos = found ? lastNanos : 0;
    }
  }

  /**
   * The loop enters the kernel.
   *
   * @param sleepsOnReady whether the loop sleeps although there are CQEs that it has not taken
   */
  void leaves(boolean sleepsOnReady) {
    if (on) {
      leftNanos = System.nanoTime();
      sleptOnReady = sleepsOnReady;
      if (sleepsOnReady) {
        readyNanos = leftNanos;
      }
    }
  }

  /**
   * The loop is back from the kernel, and has not asked for its lock yet.
   *
   * @param timedOut whether only the time-out ended the sleep
   */
  void back(boolean slept, boolean timedOut) {
    if (slept) {
      lastWake = timedOut ? Timeline.Wake.TIMER : Timeline.Wake.COMPLETION;
    }
    if (on) {
      long now = System.nanoTime();
      awayNanos = now - leftNanos;
      if (readyNanos == 0) {
        readyNanos = now;
      }
    }
  }

  Timeline.Wake lastWake() {
    return lastWake;
  }

  void stamp(Timeline timeline) {
    long now = System.nanoTime();
    long ready = readyNanos == 0 ? now : readyNanos;
    long unseen = sleptOnReady ? 0 : Math.max(0, ready - lastNanos - awayNanos);
    timeline.reaped(ready, now, sleptOnReady, unseen);
    if (lock != null && lock.isHeldByCurrentThread()) {
      lock.stampWait(timeline);
    }
  }

  /** The CQ has been looked at. */
  void end() {
    if (on) {
      lastNanos = System.nanoTime();
    }
  }
}
