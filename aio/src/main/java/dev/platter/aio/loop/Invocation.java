package dev.platter.aio.loop;

import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** A body that one thread has another run, and waits for. What the body throws is the waiter's. */
final class Invocation implements Runnable {
  private final Runnable body;
  private final Invocations owner;
  private final CountDownLatch done = new CountDownLatch(1);
  // Written before done is counted down, read after.
  private @Nullable Throwable failure;

  Invocation(Runnable body, Invocations owner) {
    this.body = body;
    this.owner = owner;
  }

  @Override
  public void run() {
    try {
      body.run();
    } catch (RuntimeException | Error e) {
      failure = e;
    } finally {
      owner.ran();
      done.countDown();
    }
  }

  /** Ends the wait: the body will not run. */
  void fail(RuntimeException cause) {
    failure = cause;
    done.countDown();
  }

  /** Waits until the body has run, and throws what it threw. */
  void await() {
    Threads.awaitUninterruptibly(done);
    if (failure instanceof Error error) {
      throw error;
    }
    if (failure instanceof RuntimeException exception) {
      throw exception;
    }
  }
}
