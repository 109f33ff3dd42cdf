package dev.platter.emulator.vhostuser;

import dev.platter.aio.loop.EventNotifier;
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

  /** Takes over another, or none. */
  synchronized void set(@Nullable EventNotifier replacement) {
    if (notifier != null) {
      notifier.close();
    }
    notifier = replacement;
  }

  @Override
  public void close() {
    set(null);
  }
}
