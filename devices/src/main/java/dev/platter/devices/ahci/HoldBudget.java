package dev.platter.devices.ahci;

import dev.platter.devices.block.BufferPool;

/**
 * What a controller may still do in this hold of the big lock, whatever its guest asks for: copy
 * some chunks' worth of data, and look at some thousand PRD entries, or regions of RAM that they
 * name, which takes a fraction of a millisecond. What is over goes on in a turn of the loop that
 * has it to itself. A register write and such a turn begin with a full budget; completions live on
 * what is left.
 */
final class HoldBudget {
  /** PRD entries per hold; the last walk of a hold may exceed it by its own length. */
  private static final int STEPS = 4096;

  /** Bytes copied per hold: some 100 us where memory is cold. */
  static final int COPY_BYTES = 4 * BufferPool.CHUNK_BYTES;

  private int steps;
  private long copyBytes;

  HoldBudget() {
    refill();
  }

  void refill() {
    steps = STEPS;
    copyBytes = COPY_BYTES;
  }

  /** Whether no step is left. */
  boolean exhausted() {
    return steps <= 0;
  }

  /** How many steps are left. */
  int steps() {
    return Math.max(0, steps);
  }

  /** Has taken as long as {@code count} PRD entries do. */
  void step(int count) {
    steps -= count;
  }

  /** Whether {@code bytes} bytes, one chunk's at most, may be copied. */
  boolean allowsCopy(long bytes) {
    return bytes <= copyBytes;
  }

  /** Has copied. */
  void copied(long bytes) {
    copyBytes -= bytes;
  }
}
