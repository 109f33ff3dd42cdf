package dev.platter.aio.loop;

import dev.platter.aio.PlatterException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts the pipes of one export's clients that were closed while another process held up their
 * last signal. Each of them keeps a thread and a descriptor until that process lets go of the pipe,
 * or ends. An export that has left {@value #MAX_OF_ONE} of them gets no further pipe, and no export
 * does while there are {@value #MAX_OF_ALL} in the process. An honest client leaves none, or for a
 * moment only. Any thread.
 */
public final class HeldUpPipes {
  static final int MAX_OF_ONE = 8;
  static final int MAX_OF_ALL = 64;

  private static final AtomicInteger OF_ALL = new AtomicInteger();

  private final AtomicInteger ofThis = new AtomicInteger();

  /** Creates a count of 0. */
  public HeldUpPipes() {}

  /** How many there are of this export. */
  int count() {
    return ofThis.get();
  }

  /** A pipe is closed, and its last signal is held up. */
  void add() {
    ofThis.incrementAndGet();
    OF_ALL.incrementAndGet();
  }

  /** Such a pipe's thread has come through, and its descriptor is closed. */
  void remove() {
    ofThis.decrementAndGet();
    OF_ALL.decrementAndGet();
  }

  /**
   * Refuses one more pipe if there are too many.
   *
   * @throws PlatterException if there are
   */
  void check() {
    refuse(ofThis.get(), MAX_OF_ONE, "this export");
    refuse(OF_ALL.get(), MAX_OF_ALL, "all exports");
  }

  private static void refuse(int count, int most, String whose) {
    if (count >= most) {
      throw PlatterException.badInput(
          "clients of " + whose + " still hold up " + count + " pipes that were closed",
          "End the process that has them");
    }
  }
}
