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
 * Keeps eventfds of other processes from blocking those who signal them: a loop, perhaps under the
 * big lock. Their flags are shared with that process, which can make them blocking again at any
 * time, and fill the counter. Nothing honest fills a counter of 64 bits. So a thread looks now and
 * then whether somebody is held up in a signal; an eventfd that is full is signalled no more, is
 * emptied until nobody waits there, and its owner is told, who drops that client.
 *
 * <p>The thread looks only while signals are sent. It parks after a period without any, and the
 * next signal wakes it: who signals says so first and asks then whether it is awake, and it says
 * that it parks and asks then whether there were signals, so one of both sees the other.
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
  // Of those that are gone: the sum of all never comes back to what it was.
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
   * Looks after a notifier from now on. Any thread.
   *
   * @throws PlatterException if there is no thread for it to be had
   */
  static void add(EventNotifier notifier) {
    INSTANCE.lookAfter(notifier);
  }

  synchronized void lookAfter(EventNotifier notifier) {
    start();
    notifiers.add(notifier);
  }

  /** Before its descriptor is closed. Any thread. */
  static void remove(EventNotifier notifier) {
    synchronized (INSTANCE) {
      if (INSTANCE.notifiers.remove(notifier)) {
        INSTANCE.goneSignals += notifier.signalsBegun();
      }
    }
  }

  /** How often the thread has waited for its next look. Not while a signal is held up. */
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
          Thread.yield(); // to who is held up, and so to a loop
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
      running = false; // the next one that is added starts another
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
   * Looks at each of them once.
   *
   * @return whether somebody is held up still: others who wait for room may take it first, and so
   *     it is made until the last signal has ended
   */
  private boolean look() {
    boolean heldUp = false;
    for (int i = 0; i < notifiers.size(); i++) {
      EventNotifier notifier = notifiers.get(i);
      if (notifier.isBeingSignalled()) {
        if (isFull(notifier.fd())) {
          notifier.deafen();
          // Whatever its flags are, and if somebody else was faster, this does not wait.
          Libc.preadv2(notifier.fd(), iovec.address(), 1, -1, LinuxAbi.RWF_NOWAIT);
        }
        heldUp |= notifier.isDeaf();
      }
    }
    return heldUp;
  }

  /** One that has room is ready; if poll(2) fails, nobody knows, and the next look asks again. */
  private boolean isFull(int fd) {
    pollfd.set(JAVA_INT, LinuxAbi.POLLFD_FD, fd);
    pollfd.set(JAVA_SHORT, LinuxAbi.POLLFD_EVENTS, (short) LinuxAbi.POLLOUT);
    return Libc.poll(pollfd.address(), 1, 0) == 0;
  }
}
