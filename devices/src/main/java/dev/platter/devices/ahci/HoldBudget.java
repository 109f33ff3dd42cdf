package dev.platter.devices.ahci;

import dev.platter.devices.block.BufferPool;

/**
 * What a controller may still do in this hold of the big lock, whatever its guest asks for: some
 * thousand PRD entries, or some chunks' worth of data, which takes a fraction of a millisecond.
 * What is over goes on in a turn of the loop that has it to itself. A register write and such a
 * turn begin with a full budget; completions live on what is left.
 */
final class HoldBudget {
  /** PRD entries per hold; the last piece of work of a hold may exceed it by its own length. */
  static final int STEPS = 4096;

  /** Bytes copied per hold: some 100 us where memory is cold. */
  static final int COPY_BYTES = 4 * BufferPool.CHUNK_BYTES;

  private static final int STEP_BYTES = COPY_BYTES / STEPS;

  private int steps = STEPS;

  void refill() {
    steps = STEPS;
  }

  /** Whether no step is left. */
  boolean exhausted() {
    return steps <= 0;
  }

  /** Has taken as long as {@code entries} PRD entries do. */
  void step(int entries) {
    steps -= entries;
  }

  /** Has looked at a PRD entry, and copied {@code bytes} bytes of what it names. */
  void copied(int bytes) {
    steps -= 1 + bytes / STEP_BYTES;
  }
}
