package dev.platter.aio.loop;

import dev.platter.aio.PlatterException;
import java.util.concurrent.CompletableFuture;

/**
 * The main loop: a thread that holds the big lock except while it waits, and whose ring the holders
 * of that lock queue into.
 */
public final class MainLoop implements AutoCloseable {
  private final Thread thread;
  private final BigLock lock = new BigLock();
  private final AioContext context;
  private volatile boolean running = true;

  /**
   * Starts the loop and waits until it is set up.
   *
   * @throws PlatterException if the kernel refuses a ring
   */
  public MainLoop(AioConfig config) {
    CompletableFuture<AioContext> ready = new CompletableFuture<>();
    thread = Thread.ofPlatform().name("main-loop").daemon().unstarted(() -> run(config, ready));
    context = Threads.startAndAwait(thread, ready);
  }

  private void run(AioConfig config, CompletableFuture<AioContext> ready) {
    lock.lock();
    try {
      AioContext loop;
      try {
        loop = new AioContext("main-loop", config, lock);
      } catch (RuntimeException | Error e) {
        ready.completeExceptionally(e);
        return;
      }
      ready.complete(loop);
      loop.runWhile(() -> running);
    } finally {
      lock.unlock();
    }
  }

  /** Its loop. */
  public AioContext context() {
    return context;
  }

  /** The big lock. */
  public BigLock lock() {
    return lock;
  }

  /**
   * Stops the loop once what is in flight has completed, and waits for the thread. Idempotent.
   *
   * @throws IllegalStateException if the caller holds the big lock, without which the loop cannot
   *     end
   */
  @Override
  public void close() {
    if (lock.isHeldByCurrentThread()) {
      throw new IllegalStateException("the main loop is closed without the big lock");
    }
    if (running) {
      context.newBottomHalf(() -> running = false).schedule();
    }
    Threads.joinUninterruptibly(thread);
  }
}
