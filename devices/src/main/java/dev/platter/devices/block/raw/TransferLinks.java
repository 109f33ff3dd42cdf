package dev.platter.devices.block.raw;

import dev.platter.aio.loop.RingOp;
import org.jspecify.annotations.Nullable;

/**
 * The lists that a transfer can be in, and what they note of it: links within the transfer, so that
 * no list allocates. Each group is its list's alone.
 */
abstract class TransferLinks extends RingOp {
  // SlowRequests: what the host has.
  @Nullable RawTransfer older;
  @Nullable RawTransfer younger;
  int sinceTick;
  boolean slow;

  // LongOperations, those that wait for their next piece; or Retries.
  @Nullable RawTransfer before;
  @Nullable RawTransfer behind;
  boolean queued;

  // Stability, whose monitor guards these: what makes something stable.
  @Nullable RawTransfer flushedBefore;
  @Nullable RawTransfer flushedAfter;
  long flushTicket;

  // BlockLocks, whose monitor guards the links: what writes to blocks that others share.
  @Nullable TransferPiece lockPrevious;
  @Nullable TransferPiece lockNext;
  long lockFrom;
  long lockTo;
  boolean lockAlone;

  TransferLinks() {
    super(true);
  }
}
