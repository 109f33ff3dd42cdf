package dev.platter.devices.block.raw;

import org.jspecify.annotations.Nullable;

/**
 * Serializes writes to one image that share a block of the host, where that is larger than the
 * guest's: a write to a part of a block reads, changes and writes the whole block, and must not
 * undo another write.
 *
 * <p>A write to a part of a block locks its range exclusively; writes of whole blocks share a
 * range. Locks are granted in order: no write overtakes one that waits for the same block. The
 * number of writes is up to the guests, so only a few are compared with each other.
 *
 * <p>Any thread: the loops that share an image.
 */
final class BlockLocks {
  /** The largest number of ranges held; each new range is compared with all of them. */
  static final int MOST_HELD = 256;

  // The number of waiting writes that are compared; later ones wait for these.
  private static final int WINDOW = 32;

  private @Nullable TransferPiece firstHolder;
  private @Nullable TransferPiece firstWaiter;
  private @Nullable TransferPiece lastWaiter;
  private int held;
  private int waiting;

  /**
   * Locks the range of a transfer's {@code lockFrom}, {@code lockTo} and {@code lockAlone}.
   *
   * @return whether it has it; if not, {@link TransferPiece#lockGranted} will be called on any
   *     thread
   */
  synchronized boolean acquire(TransferPiece transfer) {
    if (held < MOST_HELD && waiting < WINDOW && isFree(transfer, null)) {
      hold(transfer);
      return true;
    }
    waiting++;
    transfer.lockPrevious = lastWaiter;
    if (lastWaiter == null) {
      firstWaiter = transfer;
    } else {
      lastWaiter.lockNext = transfer;
    }
    lastWaiter = transfer;
    return false;
  }

  /** Releases an acquired range. */
  synchronized void release(TransferPiece transfer) {
    held--;
    if (transfer.lockPrevious == null) {
      firstHolder = transfer.lockNext;
    } else {
      transfer.lockPrevious.lockNext = transfer.lockNext;
    }
    if (transfer.lockNext != null) {
      transfer.lockNext.lockPrevious = transfer.lockPrevious;
    }
    transfer.lockPrevious = null;
    transfer.lockNext = null;
    TransferPiece waiter = firstWaiter;
    int passed = 0;
    while (waiter != null && passed < WINDOW && held < MOST_HELD) {
      TransferPiece next = waiter.lockNext;
      if (isFree(waiter, waiter)) {
        dequeue(waiter);
        hold(waiter);
        waiter.lockGranted();
      } else {
        passed++;
      }
      waiter = next;
    }
  }

  /** The number of ranges held. */
  synchronized int held() {
    return held;
  }

  /** Whether a range is held. */
  synchronized boolean isHeld(TransferPiece transfer) {
    TransferPiece each = firstHolder;
    while (each != null && !each.equals(transfer)) {
      each = each.lockNext;
    }
    return each != null;
  }

  /** Whether a range conflicts with no range that is held or waits before it. */
  private boolean isFree(TransferPiece transfer, @Nullable TransferPiece end) {
    for (TransferPiece each = firstHolder; each != null; each = each.lockNext) {
      if (conflict(transfer, each)) {
        return false;
      }
    }
    for (TransferPiece each = firstWaiter;
        each != null && !each.equals(end);
        each = each.lockNext) {
      if (conflict(transfer, each)) {
        return false;
      }
    }
    return true;
  }

  static boolean conflict(TransferPiece a, TransferPiece b) {
    return (a.lockAlone || b.lockAlone) && a.lockFrom < b.lockTo && b.lockFrom < a.lockTo;
  }

  private void hold(TransferPiece transfer) {
    held++;
    transfer.lockPrevious = null;
    transfer.lockNext = firstHolder;
    if (firstHolder != null) {
      firstHolder.lockPrevious = transfer;
    }
    firstHolder = transfer;
  }

  private void dequeue(TransferPiece waiter) {
    waiting--;
    if (waiter.lockPrevious == null) {
      firstWaiter = waiter.lockNext;
    } else {
      waiter.lockPrevious.lockNext = waiter.lockNext;
    }
    if (waiter.lockNext == null) {
      lastWaiter = waiter.lockPrevious;
    } else {
      waiter.lockNext.lockPrevious = waiter.lockPrevious;
    }
  }
}
