package dev.platter.aio.loop;

import dev.platter.aio.PlatterException;

/**
 * The main loop: a thread that holds the big lock except while it waits, and whose ring the holders
 * of that lock queue into.
 */
public final class MainLoop implements AutoCloseable {
  private final BigLock lock = new BigLock();
  private final LoopThread thread;

  /**
   * Starts the loop and waits until it is set up.
   *
   * @throws PlatterException if the kernel refuses a ring
   */
  public MainLoop(AioConfig config) {
    thread = new LoopThread("main-loop", config, lock, () -> {});
  }

  /** Its loop. */
  public AioContext context() {
    return thread.context();
  }

  /** The big lock. */
  public BigLock lock() {
    return lock;
  }

  /** Begins to {@link #suspend}, and waits for nothing. */
  public void beginSuspend() {
    thread.beginSuspend();
  }

  /**
   * Suspends the loop (see {@link AioContext#isSuspended}) once what its clients have in flight has
   * completed, and ends the thread; the lock can be taken as before. Idempotent.
   *
   * @return how many block requests its clients had in flight; 0 if it was suspended before
   * @throws IllegalStateException if the caller holds the big lock
   */
  public int suspend() {
    return thread.suspend();
  }

  /**
   * Resumes the loop with a new ring on a new thread. Does nothing if it is not suspended.
   *
   * @throws PlatterException if the kernel refuses a ring; it is still suspended then
   * @throws IllegalStateException if the caller holds the big lock
   */
  public void resume() {
    thread.resume();
  }

  /**
   * Stops the loop once what is in flight has completed, and waits for the thread. Idempotent.
   *
   * @throws IllegalStateException if the caller holds the big lock, without which the loop cannot
   *     end
   */
  @Override
  public void close() {
    thread.close();
  }
}
