package dev.platter.aio.loop;

import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * A body that a loop runs for a thread that waits. The waiting thread gets every exception of the
 * body. The loop dies of an Error as well, because an Error may leave things half done; a failed
 * assertion is excepted, as only tests make it.
 */
final class Invocation implements Runnable {
  private final Runnable body;
  private final Invocations owner;
  private final CountDownLatch done = new CountDownLatch(1);
  // Written before done is counted down, read after.
  private @Nullable Throwable failure;
  private boolean abandoned;

  Invocation(Runnable body, Invocations owner) {
    this.body = body;
    this.owner = owner;
  }

  @Override
  public void run() {
    try {
      body.run();
    } catch (RuntimeException | AssertionError e) {
      failure = e;
    } catch (Error e) {
      failure = e;
      throw e;
    } finally {
      owner.ran();
      done.countDown();
    }
  }

  /** Ends the wait: the loop died, and the body will not run. Allocates nothing. */
  void abandon(Throwable cause) {
    abandoned = true;
    failure = cause;
    done.countDown();
  }

  /** Waits until the body has run, and throws what it threw. */
  void await() {
    Threads.awaitUninterruptibly(done);
    if (abandoned) {
      throw new IllegalStateException("the loop died", failure);
    }
    if (failure instanceof Error error) {
      throw error;
    }
    if (failure instanceof RuntimeException exception) {
      throw exception;
    }
  }
}
