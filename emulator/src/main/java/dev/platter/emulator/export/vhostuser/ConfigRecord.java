package dev.platter.emulator.export.vhostuser;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * A record of the front-end's writes to the configuration space, in memory that outlives this
 * process. A front-end that connects again does not repeat these writes. Without the record, a
 * guest that has made its disk write-through would send no flushes to a new back-end with a write
 * cache.
 *
 * <p>The protocol has no place for this record. It stands behind the record of requests in flight,
 * in a buffer whose size the back-end chooses ("GET_INFLIGHT_FD"). Other back-ends do not look
 * there, and entries without our mark are ignored.
 */
final class ConfigRecord {
  /** Size of the record. */
  static final int BYTES = 64;

  // An entry: a mark in the upper half, then u16 offset, u16 value. One store makes it.
  private static final long MARK = 0x43_46_50_31L << 32;
  private static final long MARK_MASK = 0xffff_ffffL << 32;
  private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();

  private final MemorySegment memory;

  /**
   * Creates a view.
   *
   * @param memory {@link #BYTES} of it, aligned to 8
   */
  ConfigRecord(MemorySegment memory) {
    this.memory = memory;
  }

  /** Keeps a byte; drops it if there are more bytes than any device has. */
  void save(int offset, byte value) {
    for (long at = 0; at < BYTES; at += Long.BYTES) {
      long entry = (long) LONG.getOpaque(memory, at);
      if ((entry & MARK_MASK) != MARK || offset(entry) == offset) {
        LONG.setRelease(memory, at, MARK | (long) offset << 16 | (value & 0xff));
        return;
      }
    }
  }

  /** Forgets all. */
  void clear() {
    memory.fill((byte) 0);
  }

  /** Writes the kept bytes to a device. */
  void restoreTo(DeviceControl device) {
    for (long at = 0; at < BYTES; at += Long.BYTES) {
      long entry = (long) LONG.getAcquire(memory, at);
      if ((entry & MARK_MASK) == MARK) {
        device.restore(offset(entry), (byte) entry);
      }
    }
  }

  private static int offset(long entry) {
    return (int) (entry >>> 16) & 0xffff;
  }
}
