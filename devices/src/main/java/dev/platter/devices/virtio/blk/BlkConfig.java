package dev.platter.devices.virtio.blk;

import dev.platter.devices.block.BlockBackend;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** The configuration space (5.2.4): a struct in memory that is read byte by byte. */
final class BlkConfig {
  /** How many segments a discard or a write of zeroes may have. */
  static final int MAX_SEGMENTS = 64;

  // Drivers build a request of a header, segments and a status: two descriptors are not segments.
  private static final int NOT_SEGMENTS = 2;
  // What the ring that front-ends have unless told otherwise, of 128, has room for: a driver
  // without indirect tables would wait for ever with a request that is longer than its ring.
  private static final int MAX_SEG_MAX = 126;
  // Smaller writes make a file system on the host read before it writes.
  private static final int PHYSICAL_BLOCK_BYTES = 4096;
  // Not 0 or 1 block, because Windows cuts its I/O to this size. Linux makes its read-ahead twice
  // this, which is what it has anyway.
  private static final int OPTIMAL_IO_BYTES = 65536;

  // What one request may ask of a host without keeping it for long; zeroes may have to be written.
  // A guest that was told more by another server is still served: the backend works in pieces.
  private static final long MAX_DISCARD_SECTORS = (1L << 30) / BlkAbi.SECTOR_BYTES;
  private static final long MAX_ZEROES_SECTORS = (64L << 20) / BlkAbi.SECTOR_BYTES;

  private static final ValueLayout.OfShort LE16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt LE32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LE64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final boolean writable;
  private final byte[] bytes = new byte[BlkAbi.CFG_BYTES];
  private final MemorySegment space = MemorySegment.ofArray(bytes);

  BlkConfig(BlockBackend backend, int queues, int queueSize) {
    writable = !backend.readOnly();
    int block = backend.blockSizeBytes();
    int physical = Math.max(backend.physicalBlockSizeBytes(), PHYSICAL_BLOCK_BYTES);
    int physicalSectors = physical / BlkAbi.SECTOR_BYTES;
    set32(BlkAbi.CFG_SEG_MAX, Math.clamp(queueSize - NOT_SEGMENTS, 1, MAX_SEG_MAX));
    set32(BlkAbi.CFG_BLK_SIZE, block);
    set8(BlkAbi.CFG_PHYSICAL_BLOCK_EXP, Integer.numberOfTrailingZeros(physical / block));
    space.set(LE16, BlkAbi.CFG_MIN_IO_SIZE, (short) (physical / block));
    set32(BlkAbi.CFG_OPT_IO_SIZE, Math.max(2, OPTIMAL_IO_BYTES / block));
    space.set(LE16, BlkAbi.CFG_NUM_QUEUES, (short) queues);
    if (writable) {
      set32(BlkAbi.CFG_MAX_DISCARD_SEG, MAX_SEGMENTS);
      set32(BlkAbi.CFG_DISCARD_SECTOR_ALIGNMENT, physicalSectors);
      set32(BlkAbi.CFG_MAX_WRITE_ZEROES_SEG, MAX_SEGMENTS);
      set8(BlkAbi.CFG_WRITE_ZEROES_MAY_UNMAP, 1);
    }
    setCapacity(backend.sizeBytes());
  }

  private void set8(int offset, int value) {
    bytes[offset] = (byte) value;
  }

  private void set32(int offset, int value) {
    space.set(LE32, offset, value);
  }

  /** Sets the capacity; a tail that is not a whole sector is not there. */
  void setCapacity(long sizeBytes) {
    long sectors = sizeBytes / BlkAbi.SECTOR_BYTES;
    space.set(LE64, BlkAbi.CFG_CAPACITY, sectors);
    if (writable) {
      set32(BlkAbi.CFG_MAX_DISCARD_SECTORS, (int) Math.min(sectors, MAX_DISCARD_SECTORS));
      set32(BlkAbi.CFG_MAX_WRITE_ZEROES_SECTORS, (int) Math.min(sectors, MAX_ZEROES_SECTORS));
    }
  }

  void setWriteback(boolean writeback) {
    set8(BlkAbi.CFG_WRITEBACK, writeback ? 1 : 0);
  }

  /** Reads up to 8 bytes; there are zeroes beyond the end. */
  long read(long offset, int sizeBytes) {
    long value = 0;
    for (int i = sizeBytes - 1; i >= 0; i--) {
      long at = offset + i;
      value = (value << 8) | (at >= 0 && at < bytes.length ? bytes[(int) at] & 0xff : 0);
    }
    return value;
  }
}
