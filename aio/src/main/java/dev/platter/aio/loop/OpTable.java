package dev.platter.aio.loop;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The requests in flight on one ring, by index. A user_data is an index and a generation, so that a
 * CQE can never reach a request other than the one it was submitted for.
 */
final class OpTable {
  private @Nullable RingOp[] ops;
  private int[] generations;
  private int[] free;
  private int freeCount;

  OpTable(int initialCapacity) {
    ops = new RingOp[initialCapacity];
    generations = new int[initialCapacity];
    free = new int[initialCapacity];
    for (int i = initialCapacity - 1; i >= 0; i--) {
      free[freeCount++] = i;
    }
  }

  /** Gives {@code op} a place and returns its user_data. */
  long insert(RingOp op) {
    if (freeCount == 0) {
      grow();
    }
    int slot = free[--freeCount];
    ops[slot] = op;
    op.slot = slot;
    return userData(slot);
  }

  private long userData(int slot) {
    return ((long) generations[slot] << 32) | slot;
  }

  /** The user_data that {@code op} was submitted with; it must be in flight. */
  long userDataOf(RingOp op) {
    return userData(op.slot);
  }

  /** The request with this user_data, or null if it is not in flight. */
  @Nullable RingOp find(long userData) {
    int slot = (int) userData;
    if (slot < 0 || slot >= ops.length || generations[slot] != (int) (userData >>> 32)) {
      return null;
    }
    return ops[slot];
  }

  /** Takes {@code op} out; its user_data is never found again. */
  void remove(RingOp op) {
    int slot = op.slot;
    ops[slot] = null;
    generations[slot]++;
    op.slot = RingOp.IDLE;
    free[freeCount++] = slot;
  }

  int inFlight() {
    return ops.length - freeCount;
  }

  private void grow() {
    int old = ops.length;
    int bigger = old * 2;
    ops = Arrays.copyOf(ops, bigger);
    generations = Arrays.copyOf(generations, bigger);
    free = new int[bigger];
    for (int i = bigger - 1; i >= old; i--) {
      free[freeCount++] = i;
    }
  }
}
