package dev.platter.aio.loop;

import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * Calls of other threads that wait for a loop: to run a body, or to make progress. A suspended loop
 * is lent to the calling thread, which runs the body itself. Any thread.
 */
final class LoopCalls {
  private static final long LOOK_NANOS = 1_000_000_000;

  private final AioContext loop;
  private final @Nullable BigLock lock;
  private final LoopOwner owner;
  private final Invocations invocations;
  private final LoopSuspension suspension;
  private final LoopWakeup wakeup;
  private volatile @Nullable Throwable death;

  LoopCalls(
      AioContext loop,
      @Nullable BigLock lock,
      LoopOwner owner,
      Invocations invocations,
      LoopSuspension suspension,
      LoopWakeup wakeup) {
    this.loop = loop;
    this.lock = lock;
    this.owner = owner;
    this.invocations = invocations;
    this.suspension = suspension;
    this.wakeup = wakeup;
  }

  /** As {@link AioContext#invoke}. */
  void invoke(Runnable body) {
    if (owner.isLoopThread() || owner.holdsLock()) {
      body.run();
      return;
    }
    if (lock != null && CurrentContext.held() != null) {
      throw new IllegalStateException(
          "loop " + loop.name() + " is waited for with another big lock held");
    }
    Invocation invocation = new Invocation(body, invocations);
    while (!invocations.push(invocation)) {
      if (suspension.borrow(body)) {
        return;
      }
    }
    wakeup.notifyLoop();
    invocation.await();
  }

  /** As {@link AioContext#waitFor}. */
  void waitFor(CountDownLatch done) {
    if (owner.isLoopThread()) {
      while (done.getCount() > 0) {
        loop.turn(true);
      }
    } else if (lock != null && lock.isHeldByCurrentThread()) {
      if (done.getCount() > 0) {
        lock.unlock();
        try {
          awaitAlive(done);
        } finally {
          lock.lock();
        }
      }
    } else if (done.getCount() > 0 && owner.isBorrower()) {
      throw new IllegalStateException(
          "loop " + loop.name() + " is suspended: it makes no progress");
    } else {
      awaitAlive(done);
    }
  }

  private void awaitAlive(CountDownLatch done) {
    while (!Threads.awaitUninterruptibly(done, LOOK_NANOS)) {
      if (death != null) {
        throw new IllegalStateException("the loop died", death);
      }
    }
  }

  /**
   * Loop: tells the waiting threads that the loop died and makes no more progress. Allocates
   * nothing.
   */
  void abandon(Throwable cause) {
    death = cause;
  }
}
