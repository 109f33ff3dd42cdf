package dev.platter.aio.loop;

import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * A one-shot timer of a loop for what need not be on time: a thread of the process waits for it and
 * wakes the loop. A loop's own timer would have each of its waits for the kernel set up and take
 * down a time-out, for as long as it is armed. The thread sleeps while none is armed.
 *
 * <p>For the loop's thread, or the holders of its lock.
 */
public final class LateTimer {
  private static final PriorityQueue<LateTimer> WAITING =
      new PriorityQueue<>(Comparator.comparingLong((LateTimer timer) -> timer.dueNanos));
  private static boolean running;

  private final Runnable body;
  private final BottomHalf tell;
  private boolean armed;
  private boolean cancelled;
  // Written before it is among those that wait.
  private long dueNanos;

  /** Makes one that is not armed; {@code body} runs on the loop. */
  public LateTimer(AioContext context, Runnable body) {
    this.body = body;
    tell = context.newBottomHalf(this::fire);
  }

  /** Whether it is waiting to fire. */
  public boolean isArmed() {
    return armed;
  }

  /**
   * Arms it, unless it is armed; leaves it so where the host has no thread, until the next call.
   */
  public void arm(long delayNanos) {
    cancelled = false;
    if (!armed) {
      dueNanos = System.nanoTime() + delayNanos;
      armed = add(this);
    }
  }

  /** Has it not fire. */
  public void cancel() {
    cancelled = true;
  }

  private void fire() {
    armed = false;
    if (!cancelled) {
      body.run();
    }
  }

  private static boolean add(LateTimer timer) {
    synchronized (WAITING) {
      if (!running) {
        try {
          Thread.ofPlatform().name("late-timers").daemon().start(LateTimer::run);
        } catch (OutOfMemoryError e) {
          return false; // no thread to be had; what it is for is no reason to end a loop
        }
        running = true;
      }
      WAITING.add(timer);
      if (timer.equals(WAITING.peek())) {
        WAITING.notifyAll();
      }
    }
    return true;
  }

  private static void run() {
    synchronized (WAITING) {
      try {
        while (true) {
          LateTimer first = WAITING.peek();
          if (first == null) {
            WAITING.wait();
            continue;
          }
          long left = first.dueNanos - System.nanoTime();
          if (left > 0) {
            WAITING.wait(left / 1_000_000 + 1);
          } else {
            WAITING.remove();
            first.tell.schedule();
          }
        }
      } catch (InterruptedException e) {
        running = false; // nobody does
      }
    }
  }
}
