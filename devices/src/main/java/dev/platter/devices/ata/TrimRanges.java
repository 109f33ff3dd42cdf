package dev.platter.devices.ata;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * LBA range entries of DATA SET MANAGEMENT (ACS-3, DATA SET MANAGEMENT): 8 bytes each, the low 48
 * bits the first logical block, the high 16 bits how many; a length of 0 is padding.
 */
public final class TrimRanges {
  /** Length of an entry in bytes. */
  public static final int ENTRY_BYTES = 8;

  private static final ValueLayout.OfLong LE64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int LBA_BITS = 48;

  private TrimRanges() {}

  /** The first logical block of entry {@code index}. */
  public static long lba(MemorySegment ranges, int index) {
    return ranges.get(LE64, (long) index * ENTRY_BYTES) & ((1L << LBA_BITS) - 1);
  }

  /** The number of logical blocks of entry {@code index}, 0 to 65535. */
  public static int blocks(MemorySegment ranges, int index) {
    return (int) (ranges.get(LE64, (long) index * ENTRY_BYTES) >>> LBA_BITS);
  }

  /** An entry's encoding. */
  public static long encode(long lba, int blocks) {
    return lba | ((long) blocks << LBA_BITS);
  }
}
