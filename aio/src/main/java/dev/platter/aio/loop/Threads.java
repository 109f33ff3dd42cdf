package dev.platter.aio.loop;

import dev.platter.aio.PlatterException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Starting and waiting for threads. */
public final class Threads {
  private Threads() {}

  /**
   * Starts a loop's thread and waits until it has set its loop up.
   *
   * @throws PlatterException if the kernel refused a ring
   */
  static AioContext startAndAwait(Thread thread, CompletableFuture<AioContext> ready) {
    thread.start();
    try {
      return ready.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof PlatterException refused) {
        throw refused;
      }
      throw e;
    }
  }

  /** Waits, and leaves an interrupt that came meanwhile for later. */
  public static void awaitUninterruptibly(CountDownLatch latch) {
    boolean interrupted = false;
    while (true) {
      try {
        latch.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Waits at most so long; an interrupt that came meanwhile stays pending.
   *
   * @return whether the latch was counted down
   */
  public static boolean awaitUninterruptibly(CountDownLatch latch, long nanos) {
    long end = System.nanoTime() + nanos;
    boolean interrupted = false;
    boolean down = false;
    while (true) {
      try {
        down = latch.await(end - System.nanoTime(), TimeUnit.NANOSECONDS);
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return down;
  }

  /**
   * Waits for a thread to end, for so long at most, and leaves an interrupt that came meanwhile for
   * later.
   *
   * @return whether it has ended
   */
  static boolean joinUninterruptibly(Thread thread, long millis) {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    boolean interrupted = false;
    boolean ended = false;
    while (true) {
      try {
        ended = thread.join(Duration.ofNanos(end - System.nanoTime()));
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return ended;
  }

  /** Waits for a thread to end, and leaves an interrupt that came meanwhile for later. */
  public static void joinUninterruptibly(Thread thread) {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
