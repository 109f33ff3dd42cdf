package dev.platter.devices.ahci;

import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.block.meter.Operation;

/**
 * A block request of a port: a piece of a command's data, with its own chunk of the pool, or a
 * request without data. It names no guest memory. An abandoned request in flight is an orphan: its
 * end matters to the pool alone.
 */
final class Transfer extends BlockRequest {
  /** Its chunk, or {@link Transfers#PLAIN}. */
  final int index;

  private final Transfers transfers;

  boolean wanted;

  /** The slot of its command, also for an orphan. */
  int slot;

  // Its part of the command's data
  long offset;
  int length;

  /** Whether it has completed and waits for earlier pieces. */
  boolean parked;

  int result;

  /** Whether {@link #search} looks for an unreadable block in it. */
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
