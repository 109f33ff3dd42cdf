package dev.platter.emulator.export.vfiouser;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Numbers of 1, 2, 4 or 8 bytes at any alignment. */
final class LittleEndian {
  private static final ValueLayout.OfShort LE16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt LE32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LE64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private LittleEndian() {}

  /** Reads a number, zero-extended. */
  static long get(MemorySegment from, long offset, int bytes) {
    return switch (bytes) {
      case 1 -> from.get(ValueLayout.JAVA_BYTE, offset) & 0xffL;
      case 2 -> from.get(LE16, offset) & 0xffffL;
      case 4 -> from.get(LE32, offset) & 0xffff_ffffL;
      case 8 -> from.get(LE64, offset);
      default -> throw new IllegalArgumentException(bytes + " bytes");
    };
  }

  /** Writes a number's low bytes. */
  static void set(MemorySegment to, long offset, int bytes, long value) {
    switch (bytes) {
      case 1 -> to.set(ValueLayout.JAVA_BYTE, offset, (byte) value);
      case 2 -> to.set(LE16, offset, (short) value);
      case 4 -> to.set(LE32, offset, (int) value);
      case 8 -> to.set(LE64, offset, value);
      default -> throw new IllegalArgumentException(bytes + " bytes");
    }
  }
}
