package dev.platter.devices.block.memory;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.BottomHalf;
import dev.platter.devices.block.meter.LoopMeter;
import org.jspecify.annotations.Nullable;

/**
 * The requests of one disk on one loop, in the order in which they came. Each turn of the loop does
 * some of them, so that other work of the loop has its turn as well, and no lock is held for long.
 * For the loop's thread, or the holders of its lock.
 */
final class MemoryOnLoop {
  /** The most work of one turn, in copied bytes: a tenth of a millisecond or so. */
  private static final long TURN_BYTES = 1 << 20;

  private final AioContext context;
  private final LoopMeter meter;
  private final BottomHalf work;
  private @Nullable MemoryTransfer first;
  private @Nullable MemoryTransfer last;
  private boolean working;

  MemoryOnLoop(AioContext context, LoopMeter meter) {
    this.context = context;
    this.meter = meter;
    work = context.newBottomHalf(this::work);
  }

  AioContext context() {
    return context;
  }

  LoopMeter meter() {
    return meter;
  }

  /** Queues a transfer, whose pieces are done from the next turn on. */
  void add(MemoryTransfer transfer) {
    if (last == null) {
      first = transfer;
    } else {
      last.next = transfer;
    }
    last = transfer;
    if (!working) {
      work.schedule();
    }
  }

  private void work() {
    working = true; // the loop below also finds requests that a completion adds
    long left = TURN_BYTES;
    MemoryTransfer transfer = first;
    while (transfer != null && left > 0) {
      first = transfer.next;
      transfer.next = null;
      if (first == null) {
        last = null;
      }
      left -= transfer.piece(left);
      if (transfer.isDone()) {
        transfer.finish();
      } else {
        add(transfer);
      }
      transfer = first;
    }
    working = false;
    if (transfer != null) {
      work.schedule();
    }
  }
}
