package dev.platter.devices.ahci;

import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.block.meter.Operation;

/**
 * A block request of a port: a piece of a command's data, in the chunk of the pool that it is tied
 * to, or one without data. It knows no guest memory: one that is in flight and not wanted any more
 * is an orphan, whose end concerns nobody but the pool.
 */
final class Transfer extends BlockRequest {
  /** Its chunk, or {@link Transfers#PLAIN}. */
  final int index;

  private final Transfers transfers;

  /** Whether a command waits for it. */
  boolean wanted;

  /** The command's slot, also of an orphan. */
  int slot;

  // Which bytes of the command's data
  long offset;
  int length;

  /** Whether it is back, and waits for those before it. */
  boolean parked;

  /** What the backend has answered. */
  int result;

  /** Whether a block that cannot be read is looked for, by {@link #search}. */
  boolean searching;

  final UnreadableBlock search;

  Transfer(int index, int blockBytes, Transfers transfers) {
    super(1);
    search = new UnreadableBlock(blockBytes);
    this.index = index;
    this.transfers = transfers;
  }

  /** Whether it changes what is on the disk. */
  boolean changesDisk() {
    return operation() != Operation.READ && operation() != Operation.FLUSH;
  }

  @Override
  protected void completed(int result) {
    transfers.completed(this, result);
  }
}
