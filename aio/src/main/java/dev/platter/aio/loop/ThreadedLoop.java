package dev.platter.aio.loop;

/**
 * A loop with a thread of its own, which can be suspended and resumed. For any thread but the
 * loop's own that holds no big lock.
 */
public abstract sealed class ThreadedLoop implements AutoCloseable permits IoThread, MainLoop {
  private final LoopThread thread;

  ThreadedLoop(LoopThread thread) {
    this.thread = thread;
  }

  /** The loop. */
  public AioContext context() {
    return thread.context();
  }

  /** Begins to {@link #suspend}, and waits for nothing. */
  public void beginSuspend() {
    thread.beginSuspend();
  }

  /**
   * Waits a while for the end of a suspension that {@link #beginSuspend} has begun.
   *
   * @param millis how long at most, in milliseconds
   * @return whether {@link #suspend} would return without waiting now
   */
  public boolean awaitSuspend(long millis) {
    return thread.awaitSuspend(millis);
  }

  /**
   * Suspends the loop (see {@link AioContext#isSuspended}) once the requests of its clients have
   * completed, and ends the thread. The loop's big lock, if there is one, can be taken as before.
   * Idempotent.
   *
   * @return how many block requests its clients had in flight; 0 if it was suspended before
   * @throws IllegalStateException on the thread itself, or if the caller holds the loop's lock
   */
  public int suspend() {
    return thread.suspend();
  }

  /**
   * Resumes the loop with a new ring on a new thread. A loop that is about to be suspended and
   * still waits for requests in flight goes on as it is. Any other loop is left alone.
   *
   * @throws dev.platter.aio.PlatterException if the kernel refuses a ring; it is still suspended
   *     then
   * @throws IllegalStateException on the thread itself, or if the caller holds the loop's lock
   */
  public void resume() {
    thread.resume();
  }

  /**
   * Stops the loop once what is in flight has completed, and waits for the thread. Idempotent.
   *
   * @throws IllegalStateException on the thread itself, or if the caller holds the loop's lock,
   *     without which the loop cannot end
   */
  @Override
  public void close() {
    thread.close();
  }
}
