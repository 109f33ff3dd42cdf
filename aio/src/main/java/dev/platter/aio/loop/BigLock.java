package dev.platter.aio.loop;

import dev.platter.aio.sys.FutexWord;
import dev.platter.aio.trace.BigLockWaitEvent;
import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.aio.trace.TraceEvents;
import org.jspecify.annotations.Nullable;

/**
 * The big lock (BQL) of a machine: held by the main loop except while it waits, and by a vCPU
 * during a register access. While a thread holds it, {@link AioContext#current} is that main loop's
 * context. Not reentrant, not fair.
 *
 * <p>A process may have several big locks, each with its main loop. A thread holds only one of them
 * at a time, so that two threads never wait for each other's lock.
 *
 * <p>Neither taking it nor waiting for it allocates, which is why it is not a ReentrantLock.
 */
public final class BigLock {
  private static final int FREE = 0;
  private static final int HELD = 1;
  private static final int HELD_WITH_SLEEPERS = 2;
  private static final int SPINS = 200;

  private final FutexWord word = new FutexWord();
  private final Counter acquisitions = new Counter();
  private final Counter contended = new Counter();
  private final Counter waitNanos = new Counter();
  private final Counter holdNanos = new Counter();
  private final Counter longestHoldNanos = new Counter();
  private @Nullable AioContext mainContext;
  // A plain field is enough: a thread only asks whether it is the owner itself, and sees its own
  // writes.
  private @Nullable Thread owner;
  // The times of the current hold, then those of the hold before it. Only the owner reads and
  // writes them.
  private long doorbellNanos;
  private long requestedNanos;
  private long acquiredAtNanos;
  private @Nullable Thread previousOwner;
  private long previousHoldNanos;

  /**
   * What the lock has cost so far.
   *
   * @param acquisitions how often it was taken
   * @param contended how often a thread had to wait for it
   * @param waitNanos total time waited
   * @param holdNanos total time held
   * @param longestHoldNanos the longest time that it was held at a stretch, ever: a holder that the
   *     scheduler or a collection stopped included
   */
  public record Stats(
      long acquisitions, long contended, long waitNanos, long holdNanos, long longestHoldNanos) {
    /** What happened between {@code earlier} and this; the longest hold may have been before. */
    public Stats since(Stats earlier) {
      return new Stats(
          acquisitions - earlier.acquisitions,
          contended - earlier.contended,
          waitNanos - earlier.waitNanos,
          holdNanos - earlier.holdNanos,
          longestHoldNanos);
    }
  }

  /** The context that holders of this lock use; set once by the main loop. */
  void bind(@Nullable AioContext context) {
    mainContext = context;
  }

  /** Holder: the context that it uses; null before there is one, and after its end. */
  @Nullable AioContext context() {
    return mainContext;
  }

  /**
   * Takes the lock, waiting for it as long as it takes.
   *
   * @throws IllegalStateException if the calling thread holds it already, or another one
   */
  public void lock() {
    lock(0);
  }

  /**
   * Takes the lock for a register access, as {@link #lock()} does.
   *
   * @param doorbell when the guest's access was made, by {@link System#nanoTime}; 0 if not known
   */
  public void lock(long doorbell) {
    BigLock held = CurrentContext.held();
    if (held != null) {
      throw new IllegalStateException(
          held == this ? "big lock is not reentrant" : "a thread holds one big lock at a time");
    }
    BigLockWaitEvent event = null;
    if (word.compareAndSet(FREE, HELD)) {
      acquiredAtNanos = System.nanoTime();
      requestedNanos = acquiredAtNanos;
    } else {
      long start = System.nanoTime();
      event = TraceEvents.wanted() ? BigLockWaitEvent.beginIfEnabled() : null;
      lockContended();
      acquiredAtNanos = System.nanoTime();
      requestedNanos = start;
      contended.increment();
      waitNanos.add(acquiredAtNanos - start);
    }
    doorbellNanos = doorbell;
    acquisitions.increment();
    owner = Thread.currentThread();
    CurrentContext.setHeld(this);
    if (event != null) {
      Thread holder = previousOwner;
      BigLockWaitEvent.end(event, holder == null ? null : holder.getName(), previousHoldNanos);
    }
  }

  private void lockContended() {
    for (int i = 0; i < SPINS; i++) {
      if (word.get() == FREE && word.compareAndSet(FREE, HELD)) {
        return;
      }
      Thread.onSpinWait();
    }
    // From here on the word says that a thread may sleep, until an unlock finds no sleeper.
    while (word.getAndSet(HELD_WITH_SLEEPERS) != FREE) {
      word.await(HELD_WITH_SLEEPERS);
    }
  }

  /**
   * How long the calling thread has held the lock, in nanoseconds; 0 if it does not hold the lock.
   */
  long heldNanos() {
    return isHeldByCurrentThread() ? System.nanoTime() - acquiredAtNanos : 0;
  }

  /**
   * Gives the lock back.
   *
   * @throws IllegalStateException if the calling thread does not hold it
   */
  public void unlock() {
    checkHeld();
    CurrentContext.setHeld(null);
    previousHoldNanos = System.nanoTime() - acquiredAtNanos;
    holdNanos.add(previousHoldNanos);
    long longest = longestHoldNanos.get();
    if (previousHoldNanos > longest) {
      longestHoldNanos.add(previousHoldNanos - longest);
    }
    previousOwner = owner;
    owner = null;
    if (word.getAndSet(FREE) == HELD_WITH_SLEEPERS) {
      word.wakeOne();
    }
  }

  /** Stamps a request that the calling thread, which holds the lock, has come to handle. */
  void stampHandled(Timeline timeline) {
    if (doorbellNanos != 0) {
      timeline.stamp(Stamp.DOORBELL, doorbellNanos);
    }
    timeline.stamp(Stamp.EXIT, requestedNanos);
    timeline.stamp(Stamp.HANDLED, acquiredAtNanos);
    stampWait(timeline);
  }

  /**
   * Stamps the thread that held the lock while this holder waited for it, if this holder had to
   * wait.
   */
  void stampWait(Timeline timeline) {
    Thread holder = previousOwner;
    if (requestedNanos != acquiredAtNanos && holder != null) {
      timeline.waitedForLock(holder.getName(), previousHoldNanos);
    }
  }

  /** Whether the calling thread holds it. */
  public boolean isHeldByCurrentThread() {
    return Thread.currentThread().equals(owner);
  }

  /** Throws IllegalStateException, naming the owner, unless the calling thread holds the lock. */
  public void checkHeld() {
    if (!isHeldByCurrentThread()) {
      Thread holder = owner;
      throw new IllegalStateException(
          "thread "
              + Thread.currentThread().getName()
              + " does not hold the big lock; "
              + (holder == null ? "nobody does" : holder.getName() + " does"));
    }
  }

  /** The counters now. */
  public Stats stats() {
    return new Stats(
        acquisitions.get(),
        contended.get(),
        waitNanos.get(),
        holdNanos.get(),
        longestHoldNanos.get());
  }
}
