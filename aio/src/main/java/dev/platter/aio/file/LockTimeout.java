package dev.platter.aio.file;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Limits how long a thread waits for locks that requests of dead processes hold, all locks
 * together.
 */
public final class LockTimeout {
  private static final long LOOK_MILLIS = 20;

  /** Hears of waits, once for each file, on the thread that waits. */
  public interface Listener {
    /**
     * A wait begins.
     *
     * @param path the file
     * @param nanos how long it may last
     */
    void waiting(String path, long nanos);

    /**
     * The wait is over: the lock was taken.
     *
     * @param path the file
     * @param nanos how long the wait took
     */
    void locked(String path, long nanos);
  }

  private static final Listener NOBODY =
      new Listener() {
        @Override
        public void waiting(String path, long nanos) {}

        @Override
        public void locked(String path, long nanos) {}
      };

  private final long nanos;
  private final BooleanSupplier givenUp;
  private final Listener listener;
  private boolean waited;
  private long firstWaitNanos;

  /**
   * Creates a limit.
   *
   * @param nanos how long to wait in all, from when the first wait begins
   * @param givenUp whether the wait must end early; asked many times a second
   */
  public LockTimeout(long nanos, BooleanSupplier givenUp, Listener listener) {
    this.nanos = nanos;
    this.givenUp = givenUp;
    this.listener = listener;
  }

  /** Refuses to wait. */
  public static LockTimeout noWait() {
    return ofNanos(0);
  }

  /** Waits {@code nanos} in all; no wait ends early or has a listener. */
  public static LockTimeout ofNanos(long nanos) {
    return new LockTimeout(nanos, () -> false, NOBODY);
  }

  long nanos() {
    return nanos;
  }

  Wait forFile(String path) {
    return new Wait(path);
  }

  /** A wait for one file, which begins with the first {@link #pause}. */
  final class Wait {
    private final String path;
    private boolean begun;
    private long beginNanos;

    private Wait(String path) {
      this.path = path;
    }

    /** Waits a moment; returns false at once if the time is over or the wait was given up. */
    boolean pause() {
      long now = System.nanoTime();
      if (!waited) {
        waited = true;
        firstWaitNanos = now;
      }
      long left = nanos - (now - firstWaitNanos);
      if (left <= 0 || givenUp.getAsBoolean()) {
        return false;
      }
      if (!begun) {
        begun = true;
        beginNanos = now;
        listener.waiting(path, left);
      }
      try {
        TimeUnit.NANOSECONDS.sleep(Math.min(left, TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS)));
        return true;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }

    /** Reports the end of the wait to the listener. */
    void locked() {
      if (begun) {
        listener.locked(path, System.nanoTime() - beginNanos);
      }
    }

    /** Whether the wait was given up, rather than out of time. */
    boolean givenUp() {
      return givenUp.getAsBoolean();
    }
  }
}
