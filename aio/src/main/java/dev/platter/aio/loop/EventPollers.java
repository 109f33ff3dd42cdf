package dev.platter.aio.loop;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The watches of one loop whose handlers are polled, and whether they are being polled. The array
 * is replaced, never changed: a busy poll walks it without the big lock, while a holder of that
 * lock may add or close a watch.
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
   * Looks at each once, for a turn that has other work than to poll; lets those with work do it.
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
