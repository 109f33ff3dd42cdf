package dev.platter.devices.ahci;

import dev.platter.devices.memory.BufferPool;
import java.util.function.LongSupplier;

/**
 * What a controller may still do in this hold of the big lock, whatever its guest asks for: some
 * hundred PRD entries, or some chunks' worth of data, and not for long, however slow the host is.
 * What is over goes on in a turn of the loop that has it to itself. A register write and such a
 * turn begin with a full budget; completions live on what is left.
 */
final class HoldBudget {
  /** PRD entries per hold; the last piece of work of a hold may exceed it by its own length. */
  static final int STEPS = 1024;

  /** Bytes copied per hold: some 100 us where memory is cold. */
  static final int COPY_BYTES = 4 * BufferPool.CHUNK_BYTES;

  /** Steps between two looks at the clock: those of some common commands. */
  static final int STEPS_PER_LOOK = 128;

  /** How long a hold may have lasted for more to be done: code may not be compiled yet. */
  static final long HOLD_NANOS = 250_000;

  private static final int STEP_BYTES = COPY_BYTES / STEPS;

  private final LongSupplier heldNanos;
  private int steps = STEPS;
  private int untilLook = STEPS_PER_LOOK;

  /**
   * Begins with a full one.
   *
   * @param heldNanos tells how long the big lock has been held
   */
  HoldBudget(LongSupplier heldNanos) {
    this.heldNanos = heldNanos;
  }

  void refill() {
    steps = STEPS;
    untilLook = STEPS_PER_LOOK;
  }

  /** Whether no step is left. */
  boolean exhausted() {
    return steps <= 0;
  }

  /** Has taken as long as {@code entries} PRD entries do. */
  void step(int entries) {
    steps -= entries;
    untilLook -= entries;
    if (untilLook <= 0) {
      untilLook = STEPS_PER_LOOK;
      if (heldNanos.getAsLong() > HOLD_NANOS) {
        steps = 0;
      }
    }
  }

  /** Has looked at a PRD entry, and copied {@code bytes} bytes of what it names. */
  void copied(int bytes) {
    step(1 + bytes / STEP_BYTES);
  }
}
