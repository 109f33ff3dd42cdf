package dev.platter.devices.block.raw;

import dev.platter.devices.block.BlockRequest;

/** How a {@link RawTransfer} asks the host to do a request. */
enum TransferMethod {
  /** From or into the request's own buffers. */
  DIRECT,
  /** Through a buffer of the pool, because memory or offset are not aligned as the file wants. */
  BOUNCE,
  /** Zeroes written as data. */
  ZEROES,
  /** fallocate(2) that deallocates. */
  PUNCH,
  /** fallocate(2) that zeroes. */
  ZERO_RANGE,
  /** A block device's own discard, by the ring. */
  DISCARD_COMMAND,
  /** A block device's own discard by a thread, where the ring does not know the command. */
  DISCARD_CALL,
  /** fsync(2). */
  SYNC;

  /** The method to begin with; a refusal of the host may lead to another one. */
  static TransferMethod of(RawImage image, BlockRequest request) {
    return switch (request.operation()) {
      case READ, WRITE ->
          image.alignment().fits(request.offsetBytes(), request.vector()) ? DIRECT : BOUNCE;
      case FLUSH -> SYNC;
      case DISCARD -> ofDiscard(image);
      case WRITE_ZEROES -> ofZeroes(image, request);
    };
  }

  /** On a block device PUNCH_HOLE is a write of zeroes, which many devices do not have. */
  private static TransferMethod ofDiscard(RawImage image) {
    if (!image.isBlockDevice()) {
      return PUNCH;
    }
    return image.deallocation().discardsByRing() ? DISCARD_COMMAND : DISCARD_CALL;
  }

  private static TransferMethod ofZeroes(RawImage image, BlockRequest request) {
    if (request.mayUnmap() && image.options().discard() && !image.deallocation().punchRefused()) {
      return PUNCH;
    }
    return withoutPunch(image);
  }

  /** The method to zero a range where holes are refused or not wanted. */
  static TransferMethod withoutPunch(RawImage image) {
    return image.deallocation().zeroRangeRefused() ? ZEROES : ZERO_RANGE;
  }
}
