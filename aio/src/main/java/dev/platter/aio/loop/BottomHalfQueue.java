package dev.platter.aio.loop;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The scheduled bottom halves of one loop: any thread pushes, the loop runs them in the order
 * pushed.
 *
 * <p>The bottom halves that are taken for a run stay in a field. If one of them takes a turn of the
 * loop, or throws, those behind it still run.
 */
final class BottomHalfQueue {
  // On top of the stack, this entry says that the loop has ended and accepts nothing more.
  private static final BottomHalf ENDED = new BottomHalf(b -> {}, () -> {});

  // Newest first.
  private final AtomicReference<@Nullable BottomHalf> pushed = new AtomicReference<>();
  // Oldest first; the loop's own.
  private @Nullable BottomHalf taken;

  /**
   * Adds a bottom half that is not in the queue.
   *
   * @return false if the loop has ended
   */
  boolean push(BottomHalf bottomHalf) {
    BottomHalf head;
    do {
      head = pushed.get();
      if (head == ENDED) {
        return false;
      }
      bottomHalf.next = head;
    } while (!pushed.compareAndSet(head, bottomHalf));
    return true;
  }

  /** Loop: whether there is nothing to run. */
  boolean isEmpty() {
    BottomHalf head = pushed.get();
    return taken == null && (head == null || head == ENDED);
  }

  /**
   * Loop: runs the bottom halves that have been pushed; those that are pushed meanwhile run the
   * next time.
   *
   * @return whether there were any
   */
  boolean run() {
    if (isEmpty()) {
      return false;
    }
    if (pushed.get() != ENDED) {
      take(pushed.getAndSet(null));
    }
    while (taken != null) {
      BottomHalf first = taken;
      taken = first.next;
      first.next = null;
      // From here on it may be pushed again.
      first.scheduled.set(false);
      first.run();
    }
    return true;
  }

  /** Appends a stack of bottom halves, oldest first, to those that are taken. */
  private void take(@Nullable BottomHalf newestFirst) {
    BottomHalf oldestFirst = null;
    BottomHalf rest = newestFirst;
    while (rest != null) {
      BottomHalf next = rest.next;
      rest.next = oldestFirst;
      oldestFirst = rest;
      rest = next;
    }
    if (taken == null) {
      taken = oldestFirst;
      return;
    }
    BottomHalf last = taken;
    while (last.next != null) {
      last = last.next;
    }
    last.next = oldestFirst;
  }

  /**
   * Loop: accepts no more bottom halves; those pushed until now are left to one more {@link #run}.
   */
  void end() {
    BottomHalf rest = pushed.getAndSet(ENDED);
    if (rest != ENDED) {
      take(rest);
    }
  }

  /**
   * Loop: accepts no more bottom halves, and tells threads that wait for one that it will not run.
   */
  void abandon(Throwable cause) {
    end();
    for (BottomHalf rest = taken; rest != null; rest = rest.next) {
      rest.abandon(cause);
    }
    taken = null;
  }
}
