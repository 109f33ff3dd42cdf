package dev.platter.aio.loop;

import dev.platter.aio.PlatterException;

/**
 * A thread with a loop of its own. The loop is created inside the thread's run method, because a
 * SINGLE_ISSUER ring belongs to the task that sets it up; a failure there is thrown to the creator.
 * An IOThread never takes the big lock.
 */
public final class IoThread implements AutoCloseable {
  private final LoopThread thread;

  /**
   * Starts a thread and waits until its loop is set up.
   *
   * @param name the thread's and the loop's name
   * @throws PlatterException if the kernel refuses a ring
   */
  public IoThread(String name, AioConfig config) {
    this(name, config, () -> {});
  }

  /**
   * Starts a thread and waits until its loop is set up.
   *
   * @param name the thread's and the loop's name
   * @param prologue run on the thread before anything else, such as to pin it; again on each thread
   *     that {@link #resume} starts
   * @throws PlatterException if the kernel refuses a ring
   */
  public IoThread(String name, AioConfig config, Runnable prologue) {
    thread = new LoopThread(name, config, null, prologue);
  }

  /** Its loop. */
  public AioContext context() {
    return thread.context();
  }

  /** Begins to {@link #suspend}, and waits for nothing. */
  public void beginSuspend() {
    thread.beginSuspend();
  }

  /**
   * Suspends the loop (see {@link AioContext#isSuspended}) once what its clients have in flight has
   * completed, and ends the thread. Idempotent.
   *
   * @return how many block requests its clients had in flight; 0 if it was suspended before
   * @throws IllegalStateException on the thread itself
   */
  public int suspend() {
    return thread.suspend();
  }

  /**
   * Resumes the loop with a new ring on a new thread. Does nothing if it is not suspended.
   *
   * @throws PlatterException if the kernel refuses a ring; it is still suspended then
   */
  public void resume() {
    thread.resume();
  }

  /**
   * Stops the loop once what is in flight has completed, and waits for the thread. Idempotent.
   *
   * @throws IllegalStateException on the thread itself, which cannot wait for its own end
   */
  @Override
  public void close() {
    thread.close();
  }
}
