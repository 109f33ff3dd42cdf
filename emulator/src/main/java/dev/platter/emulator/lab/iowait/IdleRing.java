package dev.platter.emulator.lab.iowait;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.access.RingAccess;
import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.loop.Threads;
import dev.platter.aio.ring.Ring;
import dev.platter.aio.sys.Errno;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A bare ring without flags, on a thread that waits for a completion that never comes. The thread
 * is new, because the kernel keeps accounts for each task and not for each ring.
 */
final class IdleRing implements Waiter {
  private static final int ENTRIES = 8;
  // The wait is short so that the thread notices its end; between two waits it is awake for a
  // microsecond.
  private static final long WAIT_NANOS = 250_000_000;

  /** The use of the ring before it waits. */
  enum Before {
    /** Nothing. */
    NOTHING,
    /** A NOP was submitted and reaped; nothing is in flight. */
    ONE_REQUEST,
    /** A poll was submitted that never completes: a request is in flight. */
    ONE_IN_FLIGHT
  }

  private final Before before;
  private final boolean optOut;
  private final AtomicLong waits = new AtomicLong();
  private final CountDownLatch waiting = new CountDownLatch(1);
  private final Thread thread;
  private volatile boolean running = true;
  private volatile @Nullable RuntimeException failure;

  /**
   * Begins to wait.
   *
   * @param before the use of the ring before the wait
   * @param optOut whether waits are told not to count as I/O; needs FEAT_NO_IOWAIT
   * @throws PlatterException if there can be no ring
   */
  IdleRing(Before before, boolean optOut) {
    this.before = before;
    this.optOut = optOut;
    this.thread = Thread.ofPlatform().name("idle-ring").daemon().start(this::run);
    Threads.awaitUninterruptibly(waiting);
    if (failure != null) {
      close();
    }
  }

  private void run() {
    try (EventNotifier never = new EventNotifier();
        Ring ring = RingAccess.open(ENTRIES, Set.of())) {
      switch (before) {
        case NOTHING -> {}
        case ONE_REQUEST -> completeOne(ring);
        case ONE_IN_FLIGHT -> poll(ring, never);
      }
      waiting.countDown();
      while (running) {
        waits.incrementAndGet();
        int result = ring.enter(0, 1, WAIT_NANOS, optOut);
        if (result != -Errno.ETIME && result != -Errno.EINTR) {
          throw PlatterException.failed(
              "a wait of an idle ring ended with " + (result < 0 ? Errno.name(result) : result),
              null);
        }
      }
    } catch (RuntimeException e) {
      failure = e;
    } finally {
      waiting.countDown();
    }
  }

  private static void completeOne(Ring ring) {
    ring.submission().next().prepNop().userData(1);
    int result = ring.enter(ring.submission().publish(), 1, Ring.NO_TIMEOUT, false);
    if (result != 1 || !ring.completion().next()) {
      throw PlatterException.failed("a NOP did not complete: " + result, null);
    }
    ring.completion().release();
  }

  private static void poll(Ring ring, EventNotifier never) {
    ring.submission().next().prepPollAdd(never.fd(), LinuxAbi.POLLIN, false).userData(1);
    int result = ring.enter(ring.submission().publish(), 0, Ring.NO_TIMEOUT, false);
    if (result != 1) {
      throw PlatterException.failed("a poll was not submitted: " + result, null);
    }
  }

  @Override
  public Done done() {
    long made = waits.get();
    return new Done(made, optOut ? made : 0, 0);
  }

  /**
   * Ends the wait.
   *
   * @throws PlatterException if the thread did not wait all the time
   */
  @Override
  public void close() {
    running = false;
    Threads.joinUninterruptibly(thread);
    RuntimeException failed = failure;
    if (failed != null) {
      throw failed;
    }
  }
}
