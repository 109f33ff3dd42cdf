package dev.platter.aio.sys;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * The mappings that {@link BusErrorGuard} guards, as its machine code reads them: a head, then
 * slots. A free slot is given to the next mapping, also while the code reads the slots on another
 * thread. The code trusts a start and a length if the slot's generation was the same before and
 * after it read them. The generation changes, while the slot's length is 0, before and after each
 * change of the start.
 *
 * <p>One thread at a time changes it.
 */
class GuardTable {
  /**
   * How many slots there are: enough for 128 exports, whose clients have 512 mappings each at most.
   */
  static final int SLOTS = 1 << 16;

  /** Size in bytes. */
  static final long BYTES = GuardTable.HEAD_BYTES + (long) SLOTS * GuardTable.SLOT_BYTES;

  static final int NEXT_HANDLER = 0;
  static final int SLOTS_USED = 8;
  static final int EVENTFD = 16;
  static final int ONE = 24;
  static final int HEAD_BYTES = 32;

  static final int SLOT_BYTES = 32;
  static final int SLOT_START = 0;
  static final int SLOT_LENGTH = 8;
  static final int SLOT_LOST = 16;
  static final int SLOT_GENERATION = 24;

  private static final VarHandle LONG = JAVA_LONG.varHandle();

  private final MemorySegment memory;

  /**
   * A table without mappings.
   *
   * @param memory {@link #BYTES} zeroes; never unmapped, as a signal may come at any time
   */
  GuardTable(MemorySegment memory) {
    this.memory = memory;
  }

  /** Where it is. */
  final long address() {
    return memory.address();
  }

  private static long at(int slot) {
    return HEAD_BYTES + (long) slot * SLOT_BYTES;
  }

  /** Sets a number of the head. */
  final void setHead(int offset, long value) {
    store(offset, value);
  }

  /** Has the code read the first {@code count} slots. */
  final void use(int count) {
    store(SLOTS_USED, count);
  }

  /** Puts a mapping into a free slot. */
  final void put(int slot, long start, long length) {
    store(at(slot) + SLOT_START, start);
    store(at(slot) + SLOT_LOST, 0);
    nextGeneration(slot);
    store(at(slot) + SLOT_LENGTH, length);
  }

  /** Frees a slot. */
  final void clear(int slot) {
    store(at(slot) + SLOT_LENGTH, 0);
    nextGeneration(slot);
  }

  private void nextGeneration(int slot) {
    long generation = at(slot) + SLOT_GENERATION;
    store(generation, (long) LONG.get(memory, generation) + 1);
  }

  /** Whether the code has found that a slot's mapping is lost. */
  final boolean isLost(int slot) {
    return (long) LONG.getAcquire(memory, at(slot) + SLOT_LOST) != 0;
  }

  /** Stores a number; other threads see the numbers in the order in which they are stored. */
  void store(long offset, long value) {
    LONG.setVolatile(memory, offset, value);
  }
}
