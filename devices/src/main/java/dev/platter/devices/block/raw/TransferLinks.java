package dev.platter.devices.block.raw;

import dev.platter.aio.loop.RingOp;
import org.jspecify.annotations.Nullable;

/**
 * The links of the lists that a transfer can be in, within the transfer, so that no list allocates.
 * Each group of fields belongs to its list alone.
 */
abstract class TransferLinks extends RingOp {
  // SlowRequests: requests that the host has.
  @Nullable RawTransfer older;
  @Nullable RawTransfer younger;
  int sinceTick;
  boolean slow;

  // LongOperations, those that wait for their next piece; or Retries.
  @Nullable RawTransfer before;
  @Nullable RawTransfer behind;
  boolean queued;

  // Stability, whose monitor guards these: flushes and stable writes.
  @Nullable RawTransfer flushedBefore;
  @Nullable RawTransfer flushedAfter;
  long flushTicket;

  // BlockLocks, whose monitor guards the links: writes to parts of blocks.
  @Nullable TransferPiece lockPrevious;
  @Nullable TransferPiece lockNext;
  long lockFrom;
  long lockTo;
  boolean lockAlone;

  TransferLinks() {
    super(true);
  }
}
