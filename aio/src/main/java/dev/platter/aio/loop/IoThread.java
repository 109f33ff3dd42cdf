package dev.platter.aio.loop;

import dev.platter.aio.PlatterException;
import java.util.concurrent.CompletableFuture;

/**
 * A thread with a loop of its own. The loop is created inside the thread's run method, because a
 * SINGLE_ISSUER ring belongs to the task that sets it up; a failure there is thrown to the creator.
 * An IOThread never takes the big lock.
 */
public final class IoThread implements AutoCloseable {
  private final Thread thread;
  private final AioContext context;
  private volatile boolean running = true;

  /**
   * Starts a thread and waits until its loop is set up.
   *
   * @param name the thread's and the loop's name
   * @throws PlatterException if the kernel refuses a ring
   */
  public IoThread(String name, AioConfig config) {
    CompletableFuture<AioContext> ready = new CompletableFuture<>();
    thread = Thread.ofPlatform().name(name).daemon().unstarted(() -> run(name, config, ready));
    context = Threads.startAndAwait(thread, ready);
  }

  private void run(String name, AioConfig config, CompletableFuture<AioContext> ready) {
    AioContext loop;
    try {
      loop = new AioContext(name, config, null);
    } catch (RuntimeException | Error e) {
      ready.completeExceptionally(e);
      return;
    }
    ready.complete(loop);
    loop.runWhile(() -> running);
  }

  /** Its loop. */
  public AioContext context() {
    return context;
  }

  /**
   * Stops the loop once what is in flight has completed, and waits for the thread. Idempotent.
   *
   * @throws IllegalStateException on the thread itself, which cannot wait for its own end
   */
  @Override
  public void close() {
    if (Thread.currentThread().equals(thread)) {
      throw new IllegalStateException(thread.getName() + " cannot be closed by itself");
    }
    if (running) {
      context.newBottomHalf(() -> running = false).schedule();
    }
    Threads.joinUninterruptibly(thread);
  }
}
