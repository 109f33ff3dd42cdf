package dev.platter.emulator.export.vhostuser;

import dev.platter.aio.event.EventNotifier;
import org.jspecify.annotations.Nullable;

/**
 * An eventfd of the front-end's that a queue's loop signals and the session replaces, at any time.
 * The lock keeps a signal from going to a descriptor that was closed, and may be another file's by
 * now; who holds it makes one system call.
 */
final class EventSlot implements AutoCloseable {
  private @Nullable EventNotifier notifier;

  /** Signals, if there is anybody to tell. */
  synchronized void signal() {
    if (notifier != null) {
      notifier.signal();
    }
  }

  /** Takes over another, or none. One thread at a time. */
  void set(@Nullable EventNotifier replacement) {
    EventNotifier before;
    synchronized (this) {
      before = notifier;
      notifier = replacement;
    }
    // A front-end can hold up the closing, but not who signals meanwhile.
    if (before != null) {
      before.close();
    }
  }

  @Override
  public void close() {
    set(null);
  }
}
