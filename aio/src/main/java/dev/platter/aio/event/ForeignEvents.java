package dev.platter.aio.event;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;

/**
 * Keeps eventfds of other processes from blocking the threads that signal them, such as a loop
 * under the big lock. The other process shares the flags of its eventfd, so it can make the eventfd
 * blocking again at any time and fill its counter; no honest process fills a counter of 64 bits. A
 * thread looks regularly for signals that are held up. For an eventfd that is full, the thread
 * stops further signals, empties the counter until nobody waits there, and tells the owner, which
 * drops that client.
 *
 * <p>The thread looks only while signals are sent. It parks after a period without signals, and the
 * next signal wakes it. A signal is counted before its sender asks whether the thread is awake, and
 * the thread announces that it parks before it reads the counts, so one of the two always sees the
 * other.
 */
final class ForeignEvents {
  private static final long PERIOD_MILLIS = 20;
  private static final ForeignEvents INSTANCE =
      new ForeignEvents(Thread.ofPlatform().name("event-guard").daemon().factory());

  private final ThreadFactory threads;
  private final List<EventNotifier> notifiers = new ArrayList<>();
  private final MemorySegment counter = Arena.global().allocate(JAVA_LONG);
  private final MemorySegment iovec = Arena.global().allocate(LinuxAbi.IOVEC_SIZE, 8);
  private final MemorySegment pollfd = Arena.global().allocate(LinuxAbi.POLLFD_SIZE, 4);
  // Signals of removed notifiers, so that the sum of all signals only grows.
  private long goneSignals;
  private boolean running;
  private volatile boolean awake;
  private int pauses;

  ForeignEvents(ThreadFactory threads) {
    this.threads = threads;
    iovec.set(JAVA_LONG, 0, counter.address());
    iovec.set(JAVA_LONG, Long.BYTES, Long.BYTES);
  }

  /**
   * Guards a notifier from now on. Any thread.
   *
   * @throws PlatterException if no thread can be started
   */
  static void add(EventNotifier notifier) {
    INSTANCE.lookAfter(notifier);
  }

  synchronized void lookAfter(EventNotifier notifier) {
    start();
    notifiers.add(notifier);
  }

  /** Stops guarding a notifier; called before its descriptor is closed. Any thread. */
  static void remove(EventNotifier notifier) {
    synchronized (INSTANCE) {
      if (INSTANCE.notifiers.remove(notifier)) {
        INSTANCE.goneSignals += notifier.signalsBegun();
      }
    }
  }

  /**
   * How often the thread has slept between two looks; it does not sleep while a signal is held up.
   */
  static int pauses() {
    synchronized (INSTANCE) {
      return INSTANCE.pauses;
    }
  }

  /** A notifier has begun to count a signal and is about to send it. Any thread. */
  static void signalling() {
    if (!INSTANCE.awake) {
      INSTANCE.wake();
    }
  }

  private synchronized void wake() {
    awake = true;
    notifyAll();
  }

  private void start() {
    if (!running) {
      try {
        threads.newThread(this::run).start();
      } catch (OutOfMemoryError e) {
        throw PlatterException.hostLacks(
            "a thread that looks after eventfds could not be started: " + e.getMessage(), null);
      }
      running = true;
    }
  }

  @SuppressWarnings("ThreadPriorityCheck") // a hint: nothing depends on it
  private synchronized void run() {
    try {
      long before = -1;
      while (true) {
        long now = signals();
        while (look()) {
          Thread.yield(); // to the thread that is held up, and so to a loop
        }
        if (now == before) {
          awake = false;
          if (signals() == now) {
            while (!awake) {
              wait();
            }
          }
          awake = true;
        }
        before = now;
        pauses++;
        wait(PERIOD_MILLIS);
      }
    } catch (InterruptedException e) {
      running = false; // the next notifier starts another thread
    }
  }

  private long signals() {
    long sum = goneSignals;
    for (EventNotifier notifier : notifiers) {
      sum += notifier.signalsBegun();
    }
    return sum;
  }

  /**
   * Looks at each notifier once.
   *
   * @return whether a signal is still held up. Threads of the other process may take the room that
   *     was made, so room is made again until the last signal has ended
   */
  private boolean look() {
    boolean heldUp = false;
    for (int i = 0; i < notifiers.size(); i++) {
      EventNotifier notifier = notifiers.get(i);
      if (notifier.isBeingSignalled()) {
        if (isFull(notifier.fd())) {
          notifier.deafen();
          // This read does not wait, whatever the flags are and even if another process was faster.
          Libc.preadv2(notifier.fd(), iovec.address(), 1, -1, LinuxAbi.RWF_NOWAIT);
        }
        heldUp |= notifier.isDeaf();
      }
    }
    return heldUp;
  }

  /** An eventfd with room is ready for writing. If poll(2) fails, the next look asks again. */
  private boolean isFull(int fd) {
    pollfd.set(JAVA_INT, LinuxAbi.POLLFD_FD, fd);
    pollfd.set(JAVA_SHORT, LinuxAbi.POLLFD_EVENTS, (short) LinuxAbi.POLLOUT);
    return Libc.poll(pollfd.address(), 1, 0) == 0;
  }
}
