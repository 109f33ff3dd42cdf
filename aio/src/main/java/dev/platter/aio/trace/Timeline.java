package dev.platter.aio.trace;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One request's stamps, on the clock of {@link System#nanoTime}, and the known causes of waits
 * between them. Created once for a request slot and reused.
 */
public final class Timeline {
  /**
   * The event that ended the loop's last sleep before it submitted a request. A request that was
   * queued during that sleep waited for this event.
   */
  public enum Wake {
    /** The loop has not slept yet. */
    NONE,
    /** A completion: of a request, or of the eventfd by which others notify the loop. */
    COMPLETION,
    /** Its own timer. */
    TIMER
  }

  private final long[] nanos = new long[Stamp.COUNT];
  private boolean asleepWhenQueued;
  private boolean notified;
  private boolean waitedForRoom;
  private boolean sleptOnReady;
  private long unseenNanos;
  private Wake wake = Wake.NONE;
  private @Nullable String lockHolder;
  private long lockHeldNanos;

  /** Forgets the request before. */
  public void clear() {
    Arrays.fill(nanos, 0);
    asleepWhenQueued = false;
    notified = false;
    waitedForRoom = false;
    sleptOnReady = false;
    unseenNanos = 0;
    wake = Wake.NONE;
    lockHolder = null;
    lockHeldNanos = 0;
  }

  /** Copies the stamps of another request. */
  public void copyOf(Timeline other) {
    System.arraycopy(other.nanos, 0, nanos, 0, nanos.length);
    asleepWhenQueued = other.asleepWhenQueued;
    notified = other.notified;
    waitedForRoom = other.waitedForRoom;
    sleptOnReady = other.sleptOnReady;
    unseenNanos = other.unseenNanos;
    wake = other.wake;
    lockHolder = other.lockHolder;
    lockHeldNanos = other.lockHeldNanos;
  }

  /** Passes a station. */
  public void stamp(Stamp stamp, long atNanos) {
    nanos[stamp.index()] = atNanos;
  }

  /** When a station was passed; 0 if it was not. */
  public long at(Stamp stamp) {
    return nanos[stamp.index()];
  }

  /** Whether a station was passed. */
  public boolean has(Stamp stamp) {
    return nanos[stamp.index()] != 0;
  }

  // ---- what is known of waits ------------------------------------------------------------------

  /**
   * The request's SQE was queued.
   *
   * @param loopAsleep whether the loop was in the kernel, waiting
   * @param loopNotified whether the loop was told of the SQE, or queued it itself
   */
  public void queued(long atNanos, boolean loopAsleep, boolean loopNotified) {
    if (nanos[Stamp.QUEUED.index()] == 0) {
      nanos[Stamp.QUEUED.index()] = atNanos;
      asleepWhenQueued = loopAsleep;
      notified = loopNotified;
    }
  }

  /** The SQ had no room for the request. */
  public void waitsForRoom() {
    waitedForRoom = true;
  }

  /**
   * The request's SQE goes to the kernel.
   *
   * @param loopWake the event that woke the loop for this turn
   */
  public void entered(long atNanos, Wake loopWake) {
    if (nanos[Stamp.ENTERED.index()] == 0) {
      nanos[Stamp.ENTERED.index()] = atNanos;
      wake = loopWake;
    }
  }

  /**
   * The request's CQE was taken.
   *
   * @param readyNanos when the loop looked and found the CQE, or went to sleep although it was
   *     there
   * @param sleptOnIt whether the loop went to sleep although the CQE was there
   * @param unseenNanos how long the loop had been awake before {@code readyNanos} without looking:
   *     the CQE may have been there that much earlier
   */
  public void reaped(long readyNanos, long atNanos, boolean sleptOnIt, long unseenNanos) {
    nanos[Stamp.READY.index()] = readyNanos;
    nanos[Stamp.REAPED.index()] = atNanos;
    sleptOnReady = sleptOnIt;
    this.unseenNanos = unseenNanos;
  }

  /**
   * The request's thread waited for the big lock. Of several waits, the wait for the longest hold
   * is kept.
   *
   * @param holder the thread that had the lock
   * @param heldNanos how long that thread had the lock in all
   */
  public void waitedForLock(@Nullable String holder, long heldNanos) {
    if (heldNanos >= lockHeldNanos) {
      lockHolder = holder;
      lockHeldNanos = heldNanos;
    }
  }

  /** Whether the loop was in the kernel, waiting, when the SQE was queued. */
  public boolean asleepWhenQueued() {
    return asleepWhenQueued;
  }

  /** Whether the loop was told of the SQE. */
  public boolean notified() {
    return notified;
  }

  /** Whether the request waited for room in the SQ. */
  public boolean waitedForRoom() {
    return waitedForRoom;
  }

  /** Whether the loop slept although the CQE was there. */
  public boolean sleptOnReady() {
    return sleptOnReady;
  }

  /** How long before READY the CQE may have been there, with the loop awake and not looking. */
  public long unseenNanos() {
    return unseenNanos;
  }

  /** What woke the loop for the turn in which the SQE was submitted. */
  public Wake wake() {
    return wake;
  }

  /** The thread that had the big lock while the request's thread waited for it, or null. */
  public @Nullable String lockHolder() {
    return lockHolder;
  }

  /** How long that thread had the lock in all. */
  public long lockHeldNanos() {
    return lockHeldNanos;
  }
}
