package dev.platter.devices.virtio.blk;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What a queue's slots keep of their requests in native memory, in entries of 16 bytes: where the
 * data lies ({@code struct iovec}), or which ranges are to be discarded. Every slot has a few of
 * its own, which is enough for most; for longer requests there are chunks, of which a slot takes
 * one and gives it back. When none is left, a request waits for those in flight.
 *
 * <p>Of fixed size from the start of a queue to its stop, so that a guest makes nothing grow. For
 * one thread at a time.
 */
final class SlotEntries implements AutoCloseable {
  /** Size of an entry. */
  static final int ENTRY_BYTES = 16;

  /** How many entries each slot has of its own. */
  static final int OWN = 8;

  /** How many chunks there are. */
  static final int CHUNKS = 32;

  private static final int MIN_CHUNK_ENTRIES = 256;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment own;
  private final MemorySegment[] chunks = new MemorySegment[CHUNKS];
  private int free;

  /**
   * Allocates them.
   *
   * @param slots how many slots there are: the queue size
   */
  SlotEntries(int slots) {
    own = arena.allocate((long) slots * OWN * ENTRY_BYTES, ENTRY_BYTES);
    for (int i = 0; i < CHUNKS; i++) {
      give(arena.allocate((long) chunkEntries(slots) * ENTRY_BYTES, ENTRY_BYTES));
    }
  }

  /** A chunk has room for the longest chain, and for one that lies in several regions. */
  private static int chunkEntries(int slots) {
    return Math.max(slots, MIN_CHUNK_ENTRIES);
  }

  /** How much native memory they take in bytes. */
  static long bytes(int slots) {
    return ENTRY_BYTES * ((long) slots * OWN + (long) CHUNKS * chunkEntries(slots));
  }

  /** What a slot has of its own. */
  MemorySegment own(int slot) {
    long bytes = (long) OWN * ENTRY_BYTES;
    return own.asSlice(slot * bytes, bytes);
  }

  /** Whether {@link #take} may be called. */
  boolean hasChunk() {
    return free > 0;
  }

  /** Takes a chunk. */
  MemorySegment take() {
    return chunks[--free];
  }

  /** Gives a chunk back; the next to be taken, as it is warm. */
  void give(MemorySegment chunk) {
    chunks[free++] = chunk;
  }

  /** Frees them; no slot has anything in flight. */
  @Override
  public void close() {
    arena.close();
  }
}
