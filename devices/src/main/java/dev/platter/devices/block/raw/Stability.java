package dev.platter.devices.block.raw;

import dev.platter.devices.block.meter.BlockError;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Remembers a failed flush of an image.
 *
 * <p>The kernel reports a failed writeback once, to the first call on the descriptor, and takes the
 * lost pages for clean: the next fsync succeeds. So from the first failure on no flush of the image
 * succeeds, until it is opened again.
 *
 * <p>Of two flushes at the same time, the first may get the report of the other's loss, and the
 * other none. Through the page cache a success therefore counts only when all flushes that had
 * begun before have ended, too, and none of them has failed.
 *
 * <p>Any thread.
 */
final class Stability {
  private final boolean throughPageCache;
  // Negative after a failure.
  private volatile int failure;

  // In the monitor: transfers that the kernel has, and successes that do not count yet, in order.
  private @Nullable RawTransfer oldest;
  private @Nullable RawTransfer newest;
  private @Nullable RawTransfer firstHeld;
  private @Nullable RawTransfer lastHeld;
  private long begun;
  // The tickets of flushes without a transfer; oldest first.
  private final List<Long> outside = new ArrayList<>();

  Stability(boolean throughPageCache) {
    this.throughPageCache = throughPageCache;
  }

  /** 0, or the {@code -errno} of the first failure. */
  int failure() {
    return failure;
  }

  /**
   * Takes the result of a flush or a stable write.
   *
   * @param write whether it was a stable write, and not an fsync
   * @return whether this is the first failure
   */
  boolean failed(int result, boolean write) {
    if (result >= 0 || !BlockError.isLoss(result, write, throughPageCache)) {
      return false;
    }
    synchronized (this) {
      boolean first = failure == 0;
      if (first) {
        failure = result;
      }
      return first;
    }
  }

  /** Begins a flush or a stable write, which the kernel is about to get. */
  void begin(RawTransfer transfer) {
    if (!throughPageCache) {
      return;
    }
    synchronized (this) {
      transfer.flushTicket = ++begun;
      transfer.flushedBefore = newest;
      if (newest == null) {
        oldest = transfer;
      } else {
        newest.flushedAfter = transfer;
      }
      newest = transfer;
    }
  }

  /**
   * Begins an fsync without a transfer: no later success counts before its end.
   *
   * @return for {@link #endOutside}
   */
  synchronized long beginOutside() {
    outside.add(++begun);
    return begun;
  }

  /** Ends a call, successful or not; {@link #failed} comes first. */
  synchronized void endOutside(long ticket) {
    outside.remove(Long.valueOf(ticket));
    release();
  }

  /** The ticket of the oldest call in the kernel; the largest number if it has nothing. */
  private long oldestTicket() {
    long inside = oldest == null ? Long.MAX_VALUE : oldest.flushTicket;
    return outside.isEmpty() ? inside : Math.min(inside, outside.getFirst());
  }

  /**
   * Ends a call, successful or not; {@link #failed} comes first.
   *
   * @return whether the result counts now; if not, {@link RawTransfer#released} will be called on
   *     any thread
   */
  boolean end(RawTransfer transfer, int result) {
    if (!throughPageCache) {
      return true;
    }
    synchronized (this) {
      forget(transfer);
      boolean hold = result >= 0 && failure == 0 && oldestTicket() <= begun;
      if (hold) {
        transfer.flushTicket = begun;
        if (lastHeld == null) {
          firstHeld = transfer;
        } else {
          lastHeld.flushedAfter = transfer;
        }
        lastHeld = transfer;
      }
      release();
      return !hold;
    }
  }

  private void forget(RawTransfer transfer) {
    RawTransfer before = transfer.flushedBefore;
    RawTransfer after = transfer.flushedAfter;
    if (before == null) {
      oldest = after;
    } else {
      before.flushedAfter = after;
    }
    if (after == null) {
      newest = before;
    } else {
      after.flushedBefore = before;
    }
    transfer.flushedBefore = null;
    transfer.flushedAfter = null;
  }

  /** Releases successes that wait for no call any more; after a failure, all. */
  private void release() {
    while (firstHeld != null && (failure != 0 || oldestTicket() > firstHeld.flushTicket)) {
      RawTransfer held = firstHeld;
      firstHeld = held.flushedAfter;
      if (firstHeld == null) {
        lastHeld = null;
      }
      held.flushedAfter = null;
      held.released();
    }
  }
}
