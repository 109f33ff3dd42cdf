package dev.platter.emulator.lab.ringflags;

import dev.platter.aio.abi.IoUringAbi;
import dev.platter.aio.access.RingAccess;
import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.ring.CompletionQueue;
import dev.platter.aio.ring.Ring;
import dev.platter.aio.ring.SetupFlag;
import dev.platter.aio.ring.Sqe;
import dev.platter.aio.sys.Errno;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * Tests whether a thread that polls the ring's memory, without a system call, sees a completion
 * that another thread causes. A read of an eventfd is armed in a ring; another thread signals the
 * eventfd, and ends the polling a moment later. Then the ring is entered, and the CQE must be
 * there.
 */
final class TaskWork {
  /**
   * The counts of polling before the ring was entered.
   *
   * @param flags the ring's flags
   * @param flagged SQ_TASKRUN was set while the CQ was empty
   * @param completed the CQE came by itself
   * @param nothing neither happened in time
   * @param disturbed not counted, because the thread that polls was kept from running
   * @param lost the CQE was not even there after the ring was entered; counted above as well
   * @param medianNanos from just before the signal until something was seen; 0 if nothing ever was
   */
  record Seen(
      Set<SetupFlag> flags,
      int flagged,
      int completed,
      int nothing,
      int disturbed,
      int lost,
      long medianNanos) {
    /** How many tries count. */
    int tries() {
      return flagged + completed + nothing;
    }
  }

  /** How long the ring is polled after the signal: less than the 1 to 10 ms between two ticks. */
  static final long WINDOW_NANOS = 300_000;

  // A thread that runs notices the end of the window at once.
  private static final long DISTURBED_NANOS = WINDOW_NANOS + 100_000;
  private static final int ATTEMPTS_PER_TRY = 4;
  // Until the thread that polls is back from its submission.
  private static final long HEAD_START_NANOS = 20_000;
  private static final long ENTER_TIMEOUT_NANOS = 1_000_000_000L;

  private final EventNotifier notifier = new EventNotifier();
  private final Set<SetupFlag> flags;
  private final BooleanSupplier interrupted;
  private final long[] seenNanos;
  private int flagged;
  private int completed;
  private int nothing;
  private int disturbed;
  private int lost;
  private volatile int armed;
  private volatile int over;
  private volatile long signalledNanos;
  private volatile boolean ended;

  private TaskWork(Set<SetupFlag> flags, int tries, BooleanSupplier interrupted) {
    this.flags = flags;
    this.seenNanos = new long[tries];
    this.interrupted = interrupted;
  }

  /**
   * Tries it.
   *
   * @param flags of the ring
   * @param tries how often
   * @throws dev.platter.aio.PlatterException if the kernel refuses a ring
   */
  static Seen with(Set<SetupFlag> flags, int tries, BooleanSupplier interrupted) {
    TaskWork work = new TaskWork(flags, tries, interrupted);
    try {
      return PinnedPair.run("task-work", work::poll, work::signal);
    } finally {
      work.notifier.close();
    }
  }

  /** The other thread's part. */
  private Seen signal() {
    for (int attempt = 1; awaitArmed(attempt); attempt++) {
      PinnedPair.spin(HEAD_START_NANOS);
      signalledNanos = System.nanoTime();
      notifier.signal();
      PinnedPair.spin(WINDOW_NANOS);
      over = attempt;
    }
    int seen = flagged + completed;
    Arrays.sort(seenNanos, 0, seen);
    long median = seen == 0 ? 0 : seenNanos[seen / 2];
    return new Seen(flags, flagged, completed, nothing, disturbed, lost, median);
  }

  private boolean awaitArmed(int attempt) {
    while (armed != attempt) {
      if (ended) {
        return false;
      }
      Thread.onSpinWait();
    }
    return true;
  }

  private void poll() {
    try (Arena arena = Arena.ofConfined();
        Ring ring = RingAccess.open(4, flags)) {
      long counter = arena.allocate(Long.BYTES, Long.BYTES).address();
      int attempt = 0;
      while (flagged + completed + nothing < seenNanos.length
          && attempt < ATTEMPTS_PER_TRY * seenNanos.length
          && !interrupted.getAsBoolean()) {
        Sqe read = ring.submission().next();
        read.prepRead(notifier.fd(), counter, Long.BYTES, Sqe.CURRENT_POSITION);
        ring.enter(ring.submission().publish(), 0, Ring.NO_TIMEOUT, false);
        attempt++;
        armed = attempt;
        poll(ring, attempt);
        take(ring);
        while (over != attempt) {
          Thread.onSpinWait();
        }
      }
    } finally {
      ended = true;
    }
  }

  private void poll(Ring ring, int attempt) {
    CompletionQueue cq = ring.completion();
    // No system call until one of these is so.
    while (!hasTaskWork(ring) && cq.isEmpty() && over != attempt) {
      Thread.onSpinWait();
    }
    // In this order: the flag goes once the kernel has done the work.
    boolean taskWork = hasTaskWork(ring);
    boolean empty = cq.isEmpty();
    long nanos = System.nanoTime() - signalledNanos;
    if (nanos > DISTURBED_NANOS) {
      disturbed++;
      return;
    }
    if (taskWork || !empty) {
      seenNanos[flagged + completed] = nanos;
    }
    if (!empty) {
      completed++;
    } else if (taskWork) {
      flagged++;
    } else {
      nothing++;
    }
  }

  private static boolean hasTaskWork(Ring ring) {
    return (ring.submission().flags() & IoUringAbi.SQ_TASKRUN) != 0;
  }

  /** Enters the ring, and takes the CQE. */
  private void take(Ring ring) {
    CompletionQueue cq = ring.completion();
    if (cq.isEmpty()) {
      int result;
      do {
        result = ring.enter(0, 1, ENTER_TIMEOUT_NANOS, false);
      } while (result == -Errno.EINTR);
    }
    if (cq.next()) {
      cq.release();
    } else {
      lost++;
    }
  }
}
