package dev.platter.emulator.server;

import java.util.ArrayDeque;
import java.util.Deque;

/** What to close, the last made first. Whatever fails does not keep the rest open. */
final class Closers {
  private final Deque<Runnable> closers = new ArrayDeque<>();

  void push(Runnable closer) {
    closers.push(closer);
  }

  /** Closes all. A second time, there is nothing left to close. */
  void closeAll() {
    RuntimeException failure = null;
    while (!closers.isEmpty()) {
      try {
        closers.pop().run();
      } catch (RuntimeException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
