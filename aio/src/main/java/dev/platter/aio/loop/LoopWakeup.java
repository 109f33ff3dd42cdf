package dev.platter.aio.loop;

import dev.platter.aio.event.EventNotifier;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The handshake between a loop that is about to sleep and a thread that has work for it.
 *
 * <p>Notifier: make the work visible, set {@code notified}, and if the loop sleeps, signal its
 * eventfd. Loop: say that it sleeps, and sleep only if {@code notified} is still clear. Both pairs
 * are store then load, so all accesses are volatile. A loop that is awake costs its notifiers no
 * system call.
 */
class LoopWakeup {
  private static final VarHandle NOTIFIED;
  private static final VarHandle SLEEPING;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      NOTIFIED = lookup.findVarHandle(LoopWakeup.class, "notified", boolean.class);
      SLEEPING = lookup.findVarHandle(LoopWakeup.class, "sleeping", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final EventNotifier notifier = new EventNotifier();
  private final SharedCounter sent = new SharedCounter();
  private final SharedCounter elided = new SharedCounter();
  private final AtomicInteger signalling = new AtomicInteger();

  @SuppressWarnings("unused") // through NOTIFIED
  private boolean notified;

  @SuppressWarnings("unused") // through SLEEPING
  private boolean sleeping;

  /** The eventfd that the loop keeps a read armed on. */
  EventNotifier notifier() {
    return notifier;
  }

  /** Tells the loop that there is work. Any thread. */
  void notifyLoop() {
    NOTIFIED.setVolatile(this, true);
    ((boolean) SLEEPING.getVolatile(this) && signalIfFirst() ? sent : elided).increment();
  }

  /** Only the first of several notifiers pays for the write. */
  private boolean signalIfFirst() {
    signalling.getAndIncrement();
    boolean first = SLEEPING.compareAndSet(this, true, false);
    if (first) {
      notifier.signal();
    }
    signalling.getAndDecrement();
    return first;
  }

  /**
   * Loop: closes the eventfd, once no thread is between claiming a wake-up and writing it; the
   * number of a closed descriptor may belong to another file at once. The loop stays awake for
   * good.
   */
  final void close() {
    while (signalling.get() != 0) {
      Thread.onSpinWait();
    }
    notifier.close();
  }

  /**
   * Tells the loop that an SQE was queued for it.
   *
   * @param byLoop whether the calling thread is the loop itself
   */
  void sqeAdded(boolean byLoop) {
    notifyLoop();
  }

  /** Whether {@link #sqeAdded} tells the loop. */
  boolean announces(boolean byLoop) {
    return true;
  }

  /** Whether the loop sleeps, or is about to. */
  final boolean isSleeping() {
    return (boolean) SLEEPING.getVolatile(this);
  }

  /** Loop: from here on, work that is announced will be looked at before sleeping. */
  final void accept() {
    NOTIFIED.setVolatile(this, false);
  }

  /** Loop: whether work was announced since {@link #accept}. */
  final boolean isNotified() {
    return (boolean) NOTIFIED.getVolatile(this);
  }

  /**
   * Loop: announces that it will sleep.
   *
   * @return false if it must not, because work was announced
   */
  final boolean prepareToSleep() {
    SLEEPING.setVolatile(this, true);
    if (isNotified()) {
      SLEEPING.setVolatile(this, false);
      return false;
    }
    return true;
  }

  /** Loop: is awake again. */
  final void awake() {
    SLEEPING.setVolatile(this, false);
  }

  final SharedCounter sent() {
    return sent;
  }

  final SharedCounter elided() {
    return elided;
  }
}
