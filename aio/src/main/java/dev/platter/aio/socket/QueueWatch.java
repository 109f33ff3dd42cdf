package dev.platter.aio.socket;

import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.loop.Threads;
import dev.platter.aio.sys.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reports a client that waits in the queue of a listener while that listener accepts none. Has one
 * thread for any number of listeners, which sleeps until a client comes. Any thread.
 */
public final class QueueWatch implements AutoCloseable {
  private final Map<UnixListener, Runnable> watched = new HashMap<>();
  private final EventNotifier changed = new EventNotifier();
  private final Thread thread;
  private boolean closed;

  /** Creates a watch without listeners. */
  public QueueWatch() {
    thread = Thread.ofPlatform().daemon().name("client-queues").start(this::run);
  }

  /**
   * Has {@code tell} run once, when a client waits.
   *
   * @param tell run on this watch's thread; must not block
   */
  public synchronized void add(UnixListener listener, Runnable tell) {
    watched.put(listener, tell);
    wake();
  }

  /** Ends the watch of a listener that accepts again, or is closed. */
  public synchronized void remove(UnixListener listener) {
    if (watched.remove(listener) != null) {
      wake();
    }
  }

  /** How many listeners are watched. */
  synchronized int size() {
    return watched.size();
  }

  private void wake() {
    if (!closed) {
      changed.signal();
    }
  }

  private synchronized List<Map.Entry<UnixListener, Runnable>> watches() {
    return closed
        ? List.of()
        : watched.entrySet().stream()
            .<Map.Entry<UnixListener, Runnable>>map(Map.Entry::copyOf)
            .toList();
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  private void run() {
    while (!isClosed()) {
      List<Map.Entry<UnixListener, Runnable>> watches = watches();
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment fds = arena.allocate((1L + watches.size()) * LinuxAbi.POLLFD_SIZE, 8);
        UnixListener.describe(fds, 0, changed.fd());
        for (int i = 0; i < watches.size(); i++) {
          UnixListener.describe(fds, 1 + i, watches.get(i).getKey().fd());
        }
        int _ = Libc.poll(fds.address(), 1 + watches.size(), -1);
        if (ready(fds, 0) != 0) {
          long _ = Libc.read(changed.fd(), arena.allocate(Long.BYTES).address(), Long.BYTES);
        }
        for (int i = 0; i < watches.size(); i++) {
          int ready = ready(fds, 1 + i);
          if (ready == LinuxAbi.POLLIN) {
            if (isTaken(watches.get(i))) {
              watches.get(i).getValue().run();
            }
          } else if (ready != 0) {
            boolean _ = isTaken(watches.get(i)); // it is closed, and no client comes any more
          }
        }
      }
    }
    changed.close();
  }

  /**
   * Takes a watch away, if it is still there. The listener's number may be another file's by now,
   * or the listener may be watched again for another client.
   */
  private synchronized boolean isTaken(Map.Entry<UnixListener, Runnable> watch) {
    return watched.remove(watch.getKey(), watch.getValue());
  }

  private static int ready(MemorySegment fds, int index) {
    long at = (long) index * LinuxAbi.POLLFD_SIZE;
    return fds.get(JAVA_SHORT, at + LinuxAbi.POLLFD_REVENTS);
  }

  /** Ends, and waits for the thread. Idempotent. */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      changed.signal();
    }
    Threads.joinUninterruptibly(thread);
  }
}
