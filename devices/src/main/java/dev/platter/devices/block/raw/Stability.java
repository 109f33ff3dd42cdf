package dev.platter.devices.block.raw;

import dev.platter.devices.block.meter.BlockError;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whether what an image's guests were told is stable can still be believed.
 *
 * <p>The kernel tells a failed writeback once, to whichever call on the descriptor asks first, and
 * takes the lost pages for clean: the next fsync succeeds. So a failure is remembered: from then on
 * no flush of the image succeeds, until it is opened again.
 *
 * <p>Whichever asks first: of two flushes at the same time one may be told of the other's loss, and
 * the other nothing. Through the page cache a success therefore counts only when all that had begun
 * before it was known have ended, too, and none of them has failed.
 *
 * <p>Any thread.
 */
final class Stability {
  private final boolean throughPageCache;
  // Negative once it has failed.
  private volatile int failure;

  // In the monitor: what the kernel has, and successes that are not to be believed yet, in order.
  private @Nullable RawTransfer oldest;
  private @Nullable RawTransfer newest;
  private @Nullable RawTransfer firstHeld;
  private @Nullable RawTransfer lastHeld;
  private long begun;
  // Of those that no transfer makes, the ticket of each; oldest first.
  private final List<Long> outside = new ArrayList<>();

  Stability(boolean throughPageCache) {
    this.throughPageCache = throughPageCache;
  }

  /** 0, or the {@code -errno} of the first failure. */
  int failure() {
    return failure;
  }

  /**
   * Looks at the result of a call that was to make something stable.
   *
   * @param write whether it was a write that is to be stable at once, and not an fsync
   * @return whether it is the first that has failed
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

  /** A transfer that has to make something stable is given to the kernel. */
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
   * An fsync that is no transfer's is about to be made: others are told of nothing before its end.
   *
   * @return for {@link #endOutside}
   */
  synchronized long beginOutside() {
    outside.add(++begun);
    return begun;
  }

  /** The kernel has done it, well or not; {@link #failed} comes first. */
  synchronized void endOutside(long ticket) {
    outside.remove(Long.valueOf(ticket));
    release();
  }

  /** The ticket of what the kernel has had for longest; the largest number if it has nothing. */
  private long oldestTicket() {
    long inside = oldest == null ? Long.MAX_VALUE : oldest.flushTicket;
    return outside.isEmpty() ? inside : Math.min(inside, outside.getFirst());
  }

  /**
   * The kernel has done it, well or not; {@link #failed} comes first.
   *
   * @return whether the result may be told now; if not, {@link RawTransfer#released} will be called
   *     on any thread
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

  /** Those are released that wait for nobody any more; once one has failed, all. */
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
