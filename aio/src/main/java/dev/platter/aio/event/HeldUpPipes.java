package dev.platter.aio.event;

import dev.platter.aio.PlatterException;
import dev.platter.aio.sys.Libc;
import java.util.concurrent.TimeUnit;

/**
 * Counts the pipes of one export's clients that are being closed. To close a pipe, a thread waits
 * for the pipe's lock. Another process can hold that lock, and the pipe then keeps a thread and a
 * descriptor until that process lets go of it or ends. An export with {@value #MAX_OF_ONE} such
 * pipes gets no further pipe, and no export gets one while there are {@value #MAX_OF_ALL} in the
 * process. An export with twice as many serves no client, since refused pipes must be closed, too.
 * Pipes of an honest client close within a moment, and each check waits so long before it refuses.
 * Any thread.
 */
public final class HeldUpPipes {
  static final int MAX_OF_ONE = 8;
  public static final int MAX_OF_ALL = 64;

  private static final long MOMENT_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long LEAST_NANOS = 100_000_000;
  private static final Count OF_ALL = new Count();

  private final Count ofThis = new Count();
  private final long momentNanos;

  /** A count of pipes that knows when the last pipe was added. */
  private static final class Count {
    private volatile int pipes;
    private long addedNanos;

    int get() {
      return pipes;
    }

    synchronized void add() {
      pipes++;
      addedNanos = System.nanoTime();
    }

    synchronized void remove() {
      pipes--;
      notifyAll();
    }

    /** The count. If it has reached a limit, first waits for pipes that were added a moment ago. */
    synchronized int settled(int limit, long momentNanos) {
      boolean interrupted = false;
      long now = System.nanoTime();
      // Waits at least a little, as this process may just have been stopped, and never for ever, as
      // other threads add pipes meanwhile.
      long wait = Math.max(momentNanos - (now - addedNanos), Math.min(momentNanos, LEAST_NANOS));
      long left = wait;
      while (pipes >= limit && left > 0) {
        try {
          TimeUnit.NANOSECONDS.timedWait(this, left);
        } catch (InterruptedException e) {
          interrupted = true;
        }
        left = wait - (System.nanoTime() - now);
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      return pipes;
    }
  }

  /** Creates a count of 0. */
  public HeldUpPipes() {
    this(MOMENT_NANOS);
  }

  /** Creates a count of 0 that waits {@code momentNanos} for pipes to close. */
  HeldUpPipes(long momentNanos) {
    this.momentNanos = momentNanos;
  }

  /** How many pipes of this export are being closed. */
  int count() {
    return ofThis.get();
  }

  /** Counts a pipe that its thread begins to close. */
  void add() {
    ofThis.add();
    OF_ALL.add();
  }

  /** Uncounts a pipe: its thread has closed the descriptor. */
  void remove() {
    ofThis.remove();
    OF_ALL.remove();
  }

  /**
   * Refuses one more pipe if there are too many; waits a moment at most.
   *
   * @throws PlatterException if there are too many
   */
  void check() {
    refuse(ofThis, MAX_OF_ONE, "this export");
    refuse(OF_ALL, MAX_OF_ALL, "all exports");
  }

  /**
   * Refuses the export's client, whatever the client sends, if there are far too many pipes; waits
   * a moment at most. Called before each message that can bring descriptors.
   *
   * @throws PlatterException if there are far too many
   */
  public void checkClient() {
    refuse(ofThis, 2 * MAX_OF_ONE, "this export");
  }

  private void refuse(Count count, int limit, String whose) {
    if (count.get() < limit) {
      return;
    }
    int pipes = count.settled(limit, momentNanos);
    if (pipes >= limit) {
      throw PlatterException.badInput(
          "clients of " + whose + " still hold up " + pipes + " pipes that were closed",
          "End the process that has them");
    }
  }

  /**
   * Closes any descriptor that a client has sent, without waiting for a pipe's lock: the client may
   * hold that lock, and ours may be the last descriptor.
   */
  public void discard(int fd) {
    if (!EventNotifier.isPipe(fd)) {
      Libc.close(fd);
      return;
    }
    add();
    try {
      Thread.ofPlatform().name("pipe-closer").daemon().start(() -> close(fd));
    } catch (OutOfMemoryError e) {
      close(fd); // no thread could be started
    }
  }

  private void close(int fd) {
    Libc.close(fd);
    remove();
  }
}
