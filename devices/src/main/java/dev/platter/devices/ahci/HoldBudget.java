package dev.platter.devices.ahci;

import dev.platter.devices.memory.BufferPool;
import java.util.function.LongSupplier;

/**
 * Limits the work of a controller in one hold of the big lock, whatever its guest asks for: to some
 * hundred PRD entries, some chunks of data, and a short time on a slow host. Work beyond the limit
 * continues in a turn of the loop. A register write and such a turn begin with a full budget;
 * completions use the rest.
 */
final class HoldBudget {
  /** PRD entries per hold; the last piece of work may exceed this by its own length. */
  static final int STEPS = 1024;

  /** Bytes copied per hold: some 100 us where memory is cold. */
  static final int COPY_BYTES = 4 * BufferPool.CHUNK_BYTES;

  /** Steps between two readings of the clock: about those of some common commands. */
  static final int STEPS_PER_LOOK = 128;

  /** The longest time of a hold: interpreted code is slow, and steps alone are then no limit. */
  static final long HOLD_NANOS = 250_000;

  private static final int STEP_BYTES = COPY_BYTES / STEPS;

  private final LongSupplier heldNanos;
  private int steps = STEPS;
  private int untilLook = STEPS_PER_LOOK;

  /**
   * Creates a full budget.
   *
   * @param heldNanos returns how long the big lock has been held
   */
  HoldBudget(LongSupplier heldNanos) {
    this.heldNanos = heldNanos;
  }

  void refill() {
    steps = STEPS;
    untilLook = STEPS_PER_LOOK;
  }

  /** Whether the budget is used up. */
  boolean exhausted() {
    return steps <= 0;
  }

  /** Takes the cost of {@code entries} PRD entries off the budget. */
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

  /** Takes the cost of a PRD entry and of {@code bytes} copied bytes off the budget. */
  void copied(int bytes) {
    step(1 + bytes / STEP_BYTES);
  }
}
