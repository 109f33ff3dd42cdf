package dev.platter.it.stall;

import dev.platter.guestimages.KnownPattern;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * What an image holds that nobody wrote there.
 *
 * @param sectorsOutside sectors of 512 bytes behind the region that the guest writes to that no
 *     longer hold their pattern
 * @param blocksInside blocks of 4 KiB in the region that hold neither the pattern nor, whole, what
 *     the guest's verify-writes writes to just this block; and runs of it beyond the first
 */
record ImageCheck(long sectorsOutside, long blocksInside) {
  private static final int BLOCK = 4096;
  private static final int SECTOR = 512;

  // As in the guest's verify.c.
  private static final long MAGIC = 0x4659_5245_5654_4c50L;
  private static final int HEADER_BYTES = 32;
  private static final long GOLDEN = 0x9e37_79b9_7f4a_7c15L;

  /** All of them. */
  long foreign() {
    return sectorsOutside + blocksInside;
  }

  /**
   * Looks at an image.
   *
   * @param regionBytes how much of its start the guest writes to
   * @param seed of the pattern that it was filled with
   */
  static ImageCheck of(Path image, long regionBytes, long seed) {
    long outside = 0;
    long inside = 0;
    Set<Long> runs = new HashSet<>();
    ByteBuffer block = ByteBuffer.allocate(BLOCK).order(ByteOrder.LITTLE_ENDIAN);
    try (FileChannel channel = FileChannel.open(image)) {
      long size = channel.size();
      for (long at = 0; at < size; at += BLOCK) {
        block.clear().limit((int) Math.min(BLOCK, size - at));
        while (block.hasRemaining() && channel.read(block) >= 0) {
          // until it is full
        }
        block.flip();
        ByteBuffer pattern = pattern(seed, at, block.remaining());
        if (block.equals(pattern)) {
          continue;
        }
        if (at >= regionBytes) {
          outside += differingSectors(block, pattern);
        } else {
          // The guest's program has one run, whose number is its own.
          runs.add(block.getLong(24));
          inside += block.equals(written(block.getLong(16), block.getLong(24), at)) ? 0 : 1;
        }
      }
    } catch (IOException e) {
      throw HostTool.failed("cannot read " + image + ": " + e, e);
    }
    return new ImageCheck(outside, inside + Math.max(0, runs.size() - 1));
  }

  private static ByteBuffer pattern(long seed, long offset, int bytes) {
    ByteBuffer pattern = ByteBuffer.allocate(bytes);
    KnownPattern.fill(pattern, seed, offset);
    return pattern.flip();
  }

  private static int differingSectors(ByteBuffer block, ByteBuffer pattern) {
    int count = 0;
    for (int at = 0; at < block.limit(); at += SECTOR) {
      if (block.slice(at, SECTOR).mismatch(pattern.slice(at, SECTOR)) >= 0) {
        count++;
      }
    }
    return count;
  }

  /** What the write of a sequence number of a run puts into the block at an offset. */
  private static ByteBuffer written(long sequence, long run, long offset) {
    ByteBuffer block = ByteBuffer.allocate(BLOCK).order(ByteOrder.LITTLE_ENDIAN);
    block.putLong(MAGIC).putLong(offset).putLong(sequence).putLong(run);
    // KnownPattern's first word of a seed is mix(seed + GOLDEN).
    ByteBuffer mixed = pattern(offset / BLOCK * GOLDEN + sequence - GOLDEN, 0, Long.BYTES);
    long state = mixed.order(ByteOrder.LITTLE_ENDIAN).getLong(0) ^ run;
    block.put(pattern(state, 0, BLOCK - HEADER_BYTES));
    return block.flip();
  }
}
