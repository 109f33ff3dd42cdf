package dev.platter.aio.loop;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Holds a loop's clients until their requests in flight have completed. The loop goes on turning.
 * New requests of guests stay where the guests have put them, and are started at the end.
 *
 * <p>Used by one thread that neither is the loop's nor holds its lock. The loop is not suspended
 * meanwhile.
 */
public final class LoopDrain implements AutoCloseable {
  private static final long LOOK_NANOS = 1_000_000;

  private final AioContext context;
  private final CountDownLatch drained = new CountDownLatch(1);
  private final AioTimer timer;
  // Written on the loop.
  private volatile int inFlight;
  private int begunWith;
  private boolean closed;

  private LoopDrain(AioContext context) {
    this.context = context;
    timer = context.newTimer(this::look);
  }

  /** Begins to drain: holds the loop's clients. */
  public static LoopDrain begin(AioContext context) {
    LoopDrain drain = new LoopDrain(context);
    context.invoke(() -> {
      drain.begunWith = context.clients().hold();
      drain.look();
    });
    return drain;
  }

  private void look() {
    inFlight = context.clients().inFlight();
    if (inFlight == 0) {
      drained.countDown();
    } else {
      timer.arm(LOOK_NANOS);
    }
  }

  /**
   * Waits until nothing is in flight.
   *
   * @param nanos how long at most, in nanoseconds
   * @return whether nothing is in flight
   */
  public boolean await(long nanos) throws InterruptedException {
    return drained.await(nanos, TimeUnit.NANOSECONDS);
  }

  /** How many block requests were in flight at the beginning. */
  public int begunWith() {
    return begunWith;
  }

  /** How many block requests were in flight at the last look. */
  public int inFlight() {
    return inFlight;
  }

  /** Resumes the clients. Idempotent. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      context.invoke(() -> {
        timer.cancel();
        context.clients().resume();
      });
    }
  }
}
