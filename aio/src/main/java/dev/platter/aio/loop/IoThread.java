package dev.platter.aio.loop;

import dev.platter.aio.PlatterException;

/**
 * A thread with a loop of its own. The loop is created inside the thread's run method, because a
 * SINGLE_ISSUER ring belongs to the task that sets it up; a failure there is thrown to the creator.
 * An IOThread never takes the big lock.
 */
public final class IoThread extends ThreadedLoop {
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
    super(new LoopThread(name, config, null, prologue));
  }
}
