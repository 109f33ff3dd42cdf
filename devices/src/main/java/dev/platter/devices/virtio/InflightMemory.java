package dev.platter.devices.virtio;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Comparator;

/**
 * A record of the buffers in flight, as plain fields. If this process dies, the order of its stores
 * decides what the next process finds, so every store is a release: no store moves before an
 * earlier one, here or in a ring. Loads are for the start alone; the client can write to this
 * memory as well.
 */
class InflightMemory {
  /** The only version; 0 means that nothing was recorded yet. */
  static final int VERSION = 1;

  /** Offset of u64 features, all of them 0. */
  static final int FEATURES = 0;

  /** Offset of u16 version. */
  static final int VERSION_AT = 8;

  /** Offset of u16 desc_num. */
  static final int DESC_NUM = 10;

  /** The order in which buffers were taken: a counter, unsigned. */
  static final Comparator<Taken> IN_TURN =
      Comparator.comparing(Taken::counter, Long::compareUnsigned);

  /** A head in flight, with a copy of its counter. */
  record Taken(int head, long counter) {}

  private static final VarHandle BYTE = ValueLayout.JAVA_BYTE.varHandle();
  private static final VarHandle SHORT = le(ValueLayout.JAVA_SHORT);
  private static final VarHandle INT = le(ValueLayout.JAVA_INT);
  private static final VarHandle LONG = le(ValueLayout.JAVA_LONG);

  private final MemorySegment memory;
  private final int descNum;

  InflightMemory(InflightRegion region) {
    memory = region.memory();
    descNum = region.descNum();
  }

  private static VarHandle le(ValueLayout layout) {
    return layout.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
  }

  final int descNum() {
    return descNum;
  }

  final long sizeBytes() {
    return memory.byteSize();
  }

  final int getByte(long at) {
    return (byte) BYTE.getAcquire(memory, at) & 0xff;
  }

  final int getShort(long at) {
    return (short) SHORT.getAcquire(memory, at) & 0xffff;
  }

  final int getInt(long at) {
    return (int) INT.getAcquire(memory, at);
  }

  final long getLong(long at) {
    return (long) LONG.getAcquire(memory, at);
  }

  final void setByte(long at, int value) {
    step();
    BYTE.setRelease(memory, at, (byte) value);
    step();
  }

  final void setShort(long at, int value) {
    step();
    SHORT.setRelease(memory, at, (short) value);
    step();
  }

  final void setInt(long at, int value) {
    step();
    INT.setRelease(memory, at, value);
    step();
  }

  final void setLong(long at, long value) {
    step();
    LONG.setRelease(memory, at, value);
    step();
  }

  /** Called before and after each store; a test lets the process die there. */
  void step() {}
}
