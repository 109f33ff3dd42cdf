package dev.platter.devices.block.store;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Where a program keeps the contents of a disk, asked without being waited for. Each method that
 * takes a {@link Completion} is called on a loop, must not block, and has the completion called
 * once, then or later, on any thread. Several requests are in flight at a time, from several loops.
 *
 * <p>The size, the size of blocks, and whether there are writes and a write cache never change: a
 * {@link StoreDisk} asks for them once.
 *
 * <p>Offsets and lengths are bytes, in whole blocks, and within the disk: others never arrive. The
 * buffers are the guest's memory, in the order of the disk. They may be used until the completion,
 * and by no means after it, when the guest has them back or they are unmapped. A method that throws
 * has let go of them: the request has failed, unless it was completed before.
 */
public interface AsyncStore {
  /** The disk's size in bytes, a multiple of {@link #blockSizeBytes} and not 0. */
  long sizeBytes();

  /** The disk's block size in bytes: 512 or 4096. */
  default int blockSizeBytes() {
    return 512;
  }

  /** Whether the disk is read-only: then none of the methods that change it is called. */
  default boolean readOnly() {
    return false;
  }

  /** Whether a completed write may be lost until {@link #flush}; guests flush only if so. */
  default boolean writeCache() {
    return true;
  }

  /** Fills the buffers from {@code offsetBytes} on. */
  void read(long offsetBytes, List<MemorySegment> buffers, Completion done);

  /**
   * Writes the buffers to {@code offsetBytes} and on.
   *
   * <p>A stable write that fails makes all later flushes fail, as a flush that fails does: what the
   * guest wrote before may be lost. Exceptions are {@code -ENOSPC}, where this write alone found no
   * room, and {@code -EAGAIN}, also of a flush, where nothing was tried.
   *
   * @param stable whether the write must be stable when it completes
   */
  void write(long offsetBytes, List<MemorySegment> buffers, boolean stable, Completion done);

  /** Makes all writes stable that completed before the call. */
  void flush(Completion done);

  /**
   * The contents of a range no longer matter. Does nothing unless a store knows better; {@code
   * -EOPNOTSUPP} refuses the advice, and succeeds for the guest.
   */
  default void discard(long offsetBytes, long lengthBytes, Completion done) {
    done.complete(0);
  }
}
