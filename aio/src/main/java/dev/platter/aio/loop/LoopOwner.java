package dev.platter.aio.loop;

import org.jspecify.annotations.Nullable;

/**
 * Which thread may use a loop: its own, which turns it; for the main loop the holder of the big
 * lock instead; and for a loop that is suspended one borrower at a time.
 */
final class LoopOwner {
  private final AioContext loop;
  private final @Nullable BigLock lock;
  // Plain: a thread asks only whether it is the one, and sees its own writes. Null if suspended.
  private @Nullable Thread thread;
  // The same for any thread; 0 if there is none.
  private volatile long threadId;
  // As plain. The thread that has the loop while it is suspended, or null.
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
