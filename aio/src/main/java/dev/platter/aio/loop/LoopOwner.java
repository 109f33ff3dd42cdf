package dev.platter.aio.loop;

import org.jspecify.annotations.Nullable;

/**
 * The thread that may use a loop: the loop's own thread, which turns it; for the main loop, the
 * holder of the big lock instead; for a suspended loop, one borrower at a time.
 */
final class LoopOwner {
  private final AioContext loop;
  private final @Nullable BigLock lock;
  // A plain field is enough: a thread only asks whether it is the owner itself, and sees its own
  // writes. Null while suspended.
  private @Nullable Thread thread;
  // The owner's id, for any thread; 0 if there is no owner.
  private volatile long threadId;
  // The thread that has the loop while it is suspended, or null; plain for the same reason.
  private @Nullable Thread borrower;

  LoopOwner(AioContext loop, @Nullable BigLock lock) {
    this.loop = loop;
    this.lock = lock;
  }

  /** The calling thread turns the loop from here on. */
  void take() {
    thread = Thread.currentThread();
    threadId = thread.threadId();
    CurrentContext.setOwn(loop);
  }

  /** The loop's own thread leaves the loop, which is suspended. */
  void leave() {
    thread = null;
    threadId = 0;
    CurrentContext.setOwn(null);
  }

  /** The loop's own thread ends the loop: nothing can be queued into it any more. */
  void end() {
    threadId = 0;
    CurrentContext.setOwn(null);
    unbind();
  }

  /** Holders of the big lock have no loop any more. */
  void unbind() {
    if (lock != null) {
      lock.bind(null);
    }
  }

  /** The {@link Thread#threadId} of the loop's own thread; 0 if there is none. Any thread. */
  long threadId() {
    return threadId;
  }

  /** Whether the calling thread turns the loop. */
  boolean isLoopThread() {
    return Thread.currentThread().equals(thread);
  }

  /** Whether the calling thread holds the loop's big lock. */
  boolean holdsLock() {
    return lock != null && lock.isHeldByCurrentThread();
  }

  /** Whether the calling thread has the loop while it is suspended. */
  boolean isBorrower() {
    return Thread.currentThread().equals(borrower);
  }

  /** Throws IllegalStateException unless the calling thread may use the loop. */
  void check() {
    if (lock != null) {
      lock.checkHeld();
    } else if (!isLoopThread() && !isBorrower()) {
      throw new IllegalStateException(
          "loop " + loop.name() + " used by thread " + Thread.currentThread().getName());
    }
  }

  /** Runs {@code body} with the calling thread as the borrower of the loop. */
  void lend(Runnable body) {
    AioContext ownBefore = CurrentContext.own();
    Thread before = borrower;
    borrower = Thread.currentThread();
    CurrentContext.setOwn(loop);
    try {
      body.run();
    } finally {
      CurrentContext.setOwn(ownBefore);
      borrower = before;
    }
  }
}
