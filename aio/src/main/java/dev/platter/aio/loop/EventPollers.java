package dev.platter.aio.loop;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The watches of one loop whose handlers a busy poll asks for work, and whether such a poll runs. A
 * busy poll walks the array without the big lock while a holder of that lock may add or close a
 * watch, so each change replaces the whole array.
 */
final class EventPollers {
  private EventWatch[] watches = {};
  private boolean begun;

  void add(EventWatch watch) {
    EventWatch[] more = Arrays.copyOf(watches, watches.length + 1);
    more[watches.length] = watch;
    watches = more;
    if (begun) {
      watch.handler().pollBegin();
    }
  }

  void remove(EventWatch watch) {
    int length = watches.length;
    watches = Arrays.stream(watches).filter(w -> w != watch).toArray(EventWatch[]::new);
    if (begun && watches.length < length) {
      watch.handler().pollEnd();
    }
  }

  /** The watches now. */
  EventWatch[] watches() {
    return watches;
  }

  /** Whether handlers have been told that signals are not needed. */
  boolean begun() {
    return begun;
  }

  void begin() {
    if (!begun) {
      begun = true;
      for (EventWatch watch : watches) {
        watch.handler().pollBegin();
      }
    }
  }

  void end() {
    if (begun) {
      begun = false;
      for (EventWatch watch : watches) {
        if (!watch.isClosed()) {
          watch.handler().pollEnd();
        }
      }
    }
  }

  /** The first watch that has work, or null. */
  static @Nullable EventWatch firstWithWork(EventWatch[] watches) {
    for (EventWatch watch : watches) {
      if (watch.handler().poll()) {
        return watch;
      }
    }
    return null;
  }

  /**
   * Looks at each watch once, in a turn that does not wait, and has those with work do that work.
   */
  boolean lookOnce() {
    boolean any = false;
    for (EventWatch watch : watches) {
      if (!watch.isClosed() && watch.handler().poll()) {
        watch.handler().ready();
        any = true;
      }
    }
    return any;
  }
}
