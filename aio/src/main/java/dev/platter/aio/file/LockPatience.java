package dev.platter.aio.file;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * How long locks are waited for that nobody alive holds: the requests of a process that has died
 * are still in flight. For everything that is locked by one thread, together.
 */
public final class LockPatience {
  private static final long LOOK_MILLIS = 20;

  /** Is told of a wait, once for each file. */
  public interface Listener {
    /**
     * A wait begins.
     *
     * @param path the file
     * @param nanos how long it may last
     */
    void waiting(String path, long nanos);

    /**
     * The lock is there.
     *
     * @param path the file
     * @param nanos how long it took
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
   * Some patience.
   *
   * @param nanos how long to wait in all, from when the first wait begins
   * @param givenUp whether to wait no more; asked many times a second
   * @param listener is told on the thread that waits
   */
  public LockPatience(long nanos, BooleanSupplier givenUp, Listener listener) {
    this.nanos = nanos;
    this.givenUp = givenUp;
    this.listener = listener;
  }

  /** None at all. */
  public static LockPatience none() {
    return ofNanos(0);
  }

  /** That which nobody gives up, and nobody is told of. */
  public static LockPatience ofNanos(long nanos) {
    return new LockPatience(nanos, () -> false, NOBODY);
  }

  /** How long it waits in all, in nanoseconds. */
  long nanos() {
    return nanos;
  }

  /** A wait for one file. */
  Wait forFile(String path) {
    return new Wait(path);
  }

  /** A wait for one file, which begins when it is first asked. */
  final class Wait {
    private final String path;
    private boolean begun;
    private long beginNanos;

    private Wait(String path) {
      this.path = path;
    }

    /** Waits a moment; false at once if the time is up or it was given up. */
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

    /** The lock is there. */
    void locked() {
      if (begun) {
        listener.locked(path, System.nanoTime() - beginNanos);
      }
    }

    /** Whether it was told to end, rather than out of time. */
    boolean givenUp() {
      return givenUp.getAsBoolean();
    }
  }
}
