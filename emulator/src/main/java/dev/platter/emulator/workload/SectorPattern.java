package dev.platter.emulator.workload;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The contents of a verified sector: 64 little-endian words that each depend on where the sector is
 * and which write it comes from, so that a lost, misplaced, torn or stale sector shows.
 *
 * <p>Word 0 is a magic number, word 1 the sector's byte offset on the disk, word 2 the generation
 * (the number of the write), the rest a sequence seeded by both.
 */
public final class SectorPattern {
  /** Bytes of a sector. */
  public static final int SECTOR = 512;

  /** What {@link #generation} answers for a sector that holds no valid pattern. */
  public static final long INVALID = -1;

  private static final long MAGIC = 0x5052_4554_5441_4c50L; // "PLATTERP"
  private static final int WORDS = SECTOR / Long.BYTES;
  private static final ValueLayout.OfLong LE64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private SectorPattern() {}

  /**
   * Fills {@code lengthBytes} of {@code memory} for the disk range that starts at {@code offset}.
   */
  public static void fill(MemorySegment memory, long offset, int lengthBytes, long generation) {
    for (int at = 0; at < lengthBytes; at += SECTOR) {
      fillSector(memory, at, offset + at, generation);
    }
  }

  private static void fillSector(MemorySegment memory, long at, long offset, long generation) {
    memory.set(LE64, at, MAGIC);
    memory.set(LE64, at + 8, offset);
    memory.set(LE64, at + 16, generation);
    long state = seed(offset, generation);
    for (int word = 3; word < WORDS; word++) {
      state = next(state);
      memory.set(LE64, at + (long) word * Long.BYTES, state);
    }
  }

  /**
   * Checks one sector.
   *
   * @param at where it lies in {@code memory}
   * @param offset the disk offset that it was read from
   * @return the generation that it holds, or {@link #INVALID} if any word is wrong
   */
  public static long generation(MemorySegment memory, long at, long offset) {
    long generation = memory.get(LE64, at + 16);
    if (memory.get(LE64, at) != MAGIC || memory.get(LE64, at + 8) != offset || generation < 0) {
      return INVALID;
    }
    long state = seed(offset, generation);
    for (int word = 3; word < WORDS; word++) {
      state = next(state);
      if (memory.get(LE64, at + (long) word * Long.BYTES) != state) {
        return INVALID;
      }
    }
    return generation;
  }

  private static long seed(long offset, long generation) {
    long mixed = offset * 0x9e37_79b9_7f4a_7c15L + generation;
    mixed = (mixed ^ (mixed >>> 32)) * 0xd6e8_feb8_6659_fd93L;
    return (mixed ^ (mixed >>> 32)) | 1;
  }

  private static long next(long state) {
    // xorshift64: never zero from a non-zero seed.
    long x = state ^ (state << 13);
    x ^= x >>> 7;
    return x ^ (x << 17);
  }
}
