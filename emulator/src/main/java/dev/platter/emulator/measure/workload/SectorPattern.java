package dev.platter.emulator.measure.workload;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The contents of a verified sector: 64 little-endian words that depend on the sector's place, its
 * run and its write, so that a lost, misplaced, torn or stale sector is recognised.
 *
 * <p>Word 0 is a magic number, word 1 the sector's byte offset on the disk, word 2 the generation
 * (the number of the write), word 3 the run's identity, the rest a sequence seeded by these three.
 */
public final class SectorPattern {
  /** Bytes of a sector. */
  public static final int SECTOR = 512;

  private static final long MAGIC = 0x3252_4554_5441_4c50L; // "PLATTER2"
  // The magic number of an older format, without the run.
  private static final long FIRST_MAGIC = 0x5052_4554_5441_4c50L; // "PLATTERP"
  private static final int HEADER_WORDS = 4;
  private static final int WORDS = SECTOR / Long.BYTES;
  private static final ValueLayout.OfLong LE64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private SectorPattern() {}

  /**
   * Fills {@code lengthBytes} of {@code memory} for the disk range that starts at {@code offset}.
   */
  public static void fill(
      MemorySegment memory, long offset, int lengthBytes, RunIdentity run, long generation) {
    for (int at = 0; at < lengthBytes; at += SECTOR) {
      fillSector(memory, at, offset + at, run.value(), generation);
    }
  }

  private static void fillSector(
      MemorySegment memory, long at, long offset, long run, long generation) {
    memory.set(LE64, at, MAGIC);
    memory.set(LE64, at + 8, offset);
    memory.set(LE64, at + 16, generation);
    memory.set(LE64, at + 24, run);
    long state = seed(offset, run, generation);
    for (int word = HEADER_WORDS; word < WORDS; word++) {
      state = next(state);
      memory.set(LE64, at + (long) word * Long.BYTES, state);
    }
  }

  /** Whether the sector at {@code at} is one whole write of some run to some place. */
  public static boolean isWhole(MemorySegment memory, long at) {
    if (memory.get(LE64, at) != MAGIC) {
      return false;
    }
    long state = seed(offset(memory, at), run(memory, at), generation(memory, at));
    for (int word = HEADER_WORDS; word < WORDS; word++) {
      state = next(state);
      if (memory.get(LE64, at + (long) word * Long.BYTES) != state) {
        return false;
      }
    }
    return true;
  }

  /** The disk offset that the sector says it was written to. */
  public static long offset(MemorySegment memory, long at) {
    return memory.get(LE64, at + 8);
  }

  /** The number of the write that the sector says it comes from. */
  public static long generation(MemorySegment memory, long at) {
    return memory.get(LE64, at + 16);
  }

  /** The run that the sector says it comes from: {@link RunIdentity#value}. */
  public static long run(MemorySegment memory, long at) {
    return memory.get(LE64, at + 24);
  }

  /**
   * Whether a sector that is not whole has the magic number of the older format without the run.
   */
  static boolean namesNoRun(MemorySegment memory, long at) {
    return memory.get(LE64, at) == FIRST_MAGIC;
  }

  /** Whether the sector is all zeroes. */
  static boolean isZero(MemorySegment memory, long at) {
    for (int word = 0; word < WORDS; word++) {
      if (memory.get(LE64, at + (long) word * Long.BYTES) != 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * Whether a sector that is not whole holds a piece of a write: the head, or two words of the
   * sequence that follow each other.
   */
  static boolean hasPiece(MemorySegment memory, long at) {
    if (memory.get(LE64, at) == MAGIC) {
      return true;
    }
    long previous = 0;
    for (int word = HEADER_WORDS; word < WORDS; word++) {
      long found = memory.get(LE64, at + (long) word * Long.BYTES);
      if (previous != 0 && found == next(previous)) {
        return true;
      }
      previous = found;
    }
    return false;
  }

  private static long seed(long offset, long run, long generation) {
    long mixed = (offset * 0x9e37_79b9_7f4a_7c15L + generation) ^ run;
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
