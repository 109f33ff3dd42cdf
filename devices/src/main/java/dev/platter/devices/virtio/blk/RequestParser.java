package dev.platter.devices.virtio.blk;

import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.virtio.DescriptorChain;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Reads requests (5.2.6) out of chains: copies the header and the segments once, the latter to
 * where they stay while the request is in flight, checks them, and prepares a slot. The header, the
 * data and the status may be cut into descriptors anywhere (2.7.4). One per queue, for its thread.
 */
final class RequestParser {
  /** The slot is prepared. */
  static final int SUBMIT = -1;

  /** The chain cannot be answered; see {@link #reason}. */
  static final int BROKEN = -2;

  /** The slot needs a chunk, and there is none: to be parsed again when there is one. */
  static final int WAIT = -3;

  private static final ValueLayout.OfInt LE32 =
      ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LE64 =
      ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final VirtioBlk device;
  private final BlockBackend backend;
  private final MemorySegment scratch = Arena.ofAuto().allocate(BlkAbi.HEADER_BYTES, 8);
  private String reason = "";

  RequestParser(VirtioBlk device) {
    this.device = device;
    this.backend = device.backend();
  }

  /** Why the last chain could not be answered. */
  String reason() {
    return reason;
  }

  /**
   * Parses one request.
   *
   * @return {@link #SUBMIT}, {@link #BROKEN}, or the status to answer with
   */
  int parse(DescriptorChain chain, BlkRequest slot) {
    if (chain.writableBytes() == 0) {
      reason = "request has no room for a status";
      return BROKEN;
    }
    if (chain.readableBytes() < BlkAbi.HEADER_BYTES
        || !chain.read(0, scratch, 0, BlkAbi.HEADER_BYTES)) {
      reason = "request has no header";
      return BROKEN;
    }
    slot.take(chain, 1);
    long sector = scratch.get(LE64, BlkAbi.HEADER_SECTOR);
    return switch (scratch.get(LE32, BlkAbi.HEADER_TYPE)) {
      case BlkAbi.T_IN -> read(chain, slot, sector);
      case BlkAbi.T_OUT -> write(chain, slot, sector);
      case BlkAbi.T_FLUSH -> flush(slot);
      case BlkAbi.T_GET_ID -> getId(chain, slot);
      case BlkAbi.T_DISCARD ->
          device.negotiated(BlkAbi.F_DISCARD) ? segments(chain, slot, true) : BlkAbi.S_UNSUPP;
      case BlkAbi.T_WRITE_ZEROES ->
          device.negotiated(BlkAbi.F_WRITE_ZEROES) ? segments(chain, slot, false) : BlkAbi.S_UNSUPP;
      default -> BlkAbi.S_UNSUPP;
    };
  }

  /** Whether a range is on the disk and of whole logical blocks. */
  private boolean inRange(long sector, long lengthBytes) {
    long size = backend.sizeBytes();
    if (sector < 0 || sector > size / BlkAbi.SECTOR_BYTES) {
      return false;
    }
    long offset = sector * BlkAbi.SECTOR_BYTES;
    long notInBlock = backend.blockSizeBytes() - 1L;
    return lengthBytes <= size - offset && ((offset | lengthBytes) & notInBlock) == 0;
  }

  private int read(DescriptorChain chain, BlkRequest slot, long sector) {
    long length = chain.writableBytes() - 1;
    slot.take(chain, length + 1);
    if (!inRange(sector, length)) {
      return BlkAbi.S_IOERR;
    }
    if (!chain.appendWritable(slot.vector(), 0, length)) {
      if (!slot.vector().isFull()) {
        return BlkAbi.S_IOERR;
      }
      if (!slot.takeChunk()) {
        return WAIT;
      }
      if (!chain.appendWritable(slot.vector(), 0, length)) {
        return BlkAbi.S_IOERR;
      }
    }
    if (length == 0) {
      return BlkAbi.S_OK;
    }
    slot.prepareRead(sector * BlkAbi.SECTOR_BYTES);
    return SUBMIT;
  }

  private int write(DescriptorChain chain, BlkRequest slot, long sector) {
    long length = chain.readableBytes() - BlkAbi.HEADER_BYTES;
    if (backend.readOnly() || !inRange(sector, length)) {
      return BlkAbi.S_IOERR;
    }
    if (!chain.appendReadable(slot.vector(), BlkAbi.HEADER_BYTES, length)) {
      if (!slot.vector().isFull()) {
        return BlkAbi.S_IOERR;
      }
      if (!slot.takeChunk()) {
        return WAIT;
      }
      if (!chain.appendReadable(slot.vector(), BlkAbi.HEADER_BYTES, length)) {
        return BlkAbi.S_IOERR;
      }
    }
    if (length == 0) {
      return BlkAbi.S_OK;
    }
    boolean stable = device.writesThrough();
    slot.setCached(!stable);
    slot.prepareWrite(sector * BlkAbi.SECTOR_BYTES, stable);
    return SUBMIT;
  }

  private int flush(BlkRequest slot) {
    slot.prepareFlush();
    return SUBMIT;
  }

  private int getId(DescriptorChain chain, BlkRequest slot) {
    long room = chain.writableBytes() - 1;
    long length = Math.min(room, BlkAbi.ID_BYTES);
    // Only what is contiguous from the start counts as written, and the status may be further on.
    slot.take(chain, room > length ? length : length + 1);
    return chain.write(0, device.idBytes(), 0, length) ? BlkAbi.S_OK : BlkAbi.S_IOERR;
  }

  private int segments(DescriptorChain chain, BlkRequest slot, boolean discard) {
    long bytes = chain.readableBytes() - BlkAbi.HEADER_BYTES;
    if (backend.readOnly()
        || bytes == 0
        || bytes % BlkAbi.SEGMENT_BYTES != 0
        || bytes > (long) BlkConfig.MAX_SEGMENTS * BlkAbi.SEGMENT_BYTES) {
      return BlkAbi.S_IOERR;
    }
    if (bytes > slot.segmentSpace().byteSize() && !slot.takeChunk()) {
      return WAIT;
    }
    MemorySegment segments = slot.segmentSpace();
    if (!chain.read(BlkAbi.HEADER_BYTES, segments, 0, bytes)) {
      return BlkAbi.S_IOERR;
    }
    int known = discard ? 0 : BlkAbi.SEGMENT_F_UNMAP;
    // All are checked before the first is done.
    for (long at = 0; at < bytes; at += BlkAbi.SEGMENT_BYTES) {
      long sector = segments.get(LE64, at);
      long sectors = segments.get(LE32, at + BlkAbi.SEGMENT_NUM_SECTORS) & 0xffff_ffffL;
      int flags = segments.get(LE32, at + BlkAbi.SEGMENT_FLAGS);
      if ((flags & ~known) != 0) {
        return BlkAbi.S_UNSUPP; // 5.2.6.2
      }
      if (!inRange(sector, sectors * BlkAbi.SECTOR_BYTES)) {
        return BlkAbi.S_IOERR;
      }
    }
    slot.segmentsAre((int) (bytes / BlkAbi.SEGMENT_BYTES), discard);
    return slot.prepareNext(device.writesThrough()) ? SUBMIT : BlkAbi.S_OK;
  }
}
