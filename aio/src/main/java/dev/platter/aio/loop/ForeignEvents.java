package dev.platter.aio.loop;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Keeps eventfds of other processes from blocking those who signal them: a loop, perhaps under the
 * big lock. Their flags are shared with that process, which can make them blocking again at any
 * time, and fill the counter. Nothing honest fills a counter of 64 bits. So a thread looks at all
 * of them now and then; one that is full is signalled no more, and is emptied, which releases who
 * waits.
 */
final class ForeignEvents {
  private static final long PERIOD_MILLIS = 100;
  private static final ForeignEvents INSTANCE = new ForeignEvents();

  private final List<EventNotifier> notifiers = new ArrayList<>();
  private final MemorySegment counter = Arena.global().allocate(JAVA_LONG);
  private final MemorySegment iovec = Arena.global().allocate(LinuxAbi.IOVEC_SIZE, 8);
  private MemorySegment pollfds = MemorySegment.NULL;
  private boolean running;

  private ForeignEvents() {
    iovec.set(JAVA_LONG, 0, counter.address());
    iovec.set(JAVA_LONG, Long.BYTES, Long.BYTES);
  }

  /** Looks after a notifier from now on. Any thread. */
  static void add(EventNotifier notifier) {
    synchronized (INSTANCE) {
      INSTANCE.notifiers.add(notifier);
      INSTANCE.changed();
    }
  }

  /** Before its descriptor is closed. Any thread. */
  static void remove(EventNotifier notifier) {
    synchronized (INSTANCE) {
      INSTANCE.notifiers.remove(notifier);
      INSTANCE.changed();
    }
  }

  private void changed() {
    if (!running) {
      running = true;
      Thread.ofPlatform().name("event-guard").daemon().start(this::run);
    }
    pollfds = MemorySegment.NULL;
    notifyAll();
  }

  private synchronized void run() {
    try {
      while (true) {
        if (notifiers.isEmpty()) {
          wait();
        } else {
          look();
          wait(PERIOD_MILLIS);
        }
      }
    } catch (InterruptedException e) {
      running = false; // the next change starts another
    }
  }

  private void look() {
    if (pollfds.equals(MemorySegment.NULL)) {
      describe();
    }
    if (Libc.poll(pollfds.address(), notifiers.size(), 0) == notifiers.size()) {
      return; // one that has room is ready
    }
    for (int i = 0; i < notifiers.size(); i++) {
      int ready = pollfds.get(JAVA_SHORT, at(i) + LinuxAbi.POLLFD_REVENTS);
      if ((ready & LinuxAbi.POLLOUT) == 0) {
        EventNotifier full = notifiers.get(i);
        full.deafen();
        // Whatever its flags are, and if somebody else was faster, this does not wait.
        Libc.preadv2(full.fd(), iovec.address(), 1, -1, LinuxAbi.RWF_NOWAIT);
      }
    }
  }

  private void describe() {
    pollfds = Arena.ofAuto().allocate((long) LinuxAbi.POLLFD_SIZE * notifiers.size(), 8);
    for (int i = 0; i < notifiers.size(); i++) {
      pollfds.set(JAVA_INT, at(i) + LinuxAbi.POLLFD_FD, notifiers.get(i).fd());
      pollfds.set(JAVA_SHORT, at(i) + LinuxAbi.POLLFD_EVENTS, (short) LinuxAbi.POLLOUT);
    }
  }

  private static long at(int index) {
    return (long) LinuxAbi.POLLFD_SIZE * index;
  }
}
