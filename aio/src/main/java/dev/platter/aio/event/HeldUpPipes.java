package dev.platter.aio.event;

import dev.platter.aio.PlatterException;
import dev.platter.aio.sys.Libc;
import java.util.concurrent.TimeUnit;

/**
 * Counts the pipes of one export's clients that are being closed. Closing one waits for its lock,
 * which another process can hold: the pipe then keeps a thread and a descriptor until that process
 * lets go of it, or ends. An export that has {@value #MAX_OF_ONE} of them gets no further pipe, and
 * no export does while there are {@value #MAX_OF_ALL} in the process; an export that has twice as
 * many serves no client, since pipes that are refused must be closed, too. Pipes of an honest
 * client are closed in a moment, which is waited for before anything is refused. Any thread.
 */
public final class HeldUpPipes {
  static final int MAX_OF_ONE = 8;
  public static final int MAX_OF_ALL = 64;

  private static final long MOMENT_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long LEAST_NANOS = 100_000_000;
  private static final Count OF_ALL = new Count();

  private final Count ofThis = new Count();
  private final long momentNanos;

  /** A count that knows whether its last one is new. */
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

    /** The count, after a wait for those that were added a moment ago if it reaches a limit. */
    synchronized int settled(int limit, long momentNanos) {
      boolean interrupted = false;
      long now = System.nanoTime();
      // Some time in any case, as this process may just have been stopped; and not for ever, as
      // others add theirs meanwhile.
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

  /** Creates a count of 0 that waits so long for pipes to be closed. */
  HeldUpPipes(long momentNanos) {
    this.momentNanos = momentNanos;
  }

  /** How many there are of this export. */
  int count() {
    return ofThis.get();
  }

  /** A pipe's thread is to close it. */
  void add() {
    ofThis.add();
    OF_ALL.add();
  }

  /** Such a pipe's thread has come through, and its descriptor is closed. */
  void remove() {
    ofThis.remove();
    OF_ALL.remove();
  }

  /**
   * Refuses one more pipe if there are too many; waits a moment at most.
   *
   * @throws PlatterException if there are
   */
  void check() {
    refuse(ofThis, MAX_OF_ONE, "this export");
    refuse(OF_ALL, MAX_OF_ALL, "all exports");
  }

  /**
   * Refuses the export's client, whatever it sends, if there are far too many; waits a moment at
   * most. To be asked before each message that can bring descriptors.
   *
   * @throws PlatterException if there are
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
   * Closes a descriptor that a client has sent, whatever it is, and does not wait for a pipe's
   * lock: the client may have left the last descriptor to us.
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
      close(fd); // there is no thread to be had
    }
  }

  private void close(int fd) {
    Libc.close(fd);
    remove();
  }
}
