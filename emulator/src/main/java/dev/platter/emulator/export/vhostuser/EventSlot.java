package dev.platter.emulator.export.vhostuser;

import dev.platter.aio.event.EventNotifier;
import org.jspecify.annotations.Nullable;

/**
 * An eventfd of the front-end's that a queue's loop signals and the session replaces, at any time.
 * The lock keeps a signal from going to a closed descriptor, whose number may be another file's by
 * now. It is held for one system call.
 */
final class EventSlot implements AutoCloseable {
  private @Nullable EventNotifier notifier;

  /** Signals the eventfd, if there is one. */
  synchronized void signal() {
    if (notifier != null) {
      notifier.signal();
    }
  }

  /** Replaces the eventfd, perhaps by none. One thread at a time. */
  void set(@Nullable EventNotifier replacement) {
    EventNotifier before;
    synchronized (this) {
      before = notifier;
      notifier = replacement;
    }
    // Closed without the lock: a front-end can hold up the close, but must not hold up signals.
    if (before != null) {
      before.close();
    }
  }

  @Override
  public void close() {
    set(null);
  }
}
