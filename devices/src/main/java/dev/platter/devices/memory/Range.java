package dev.platter.devices.memory;

import java.lang.foreign.MemorySegment;

/**
 * A range of guest addresses and its bytes: from {@code offset} of a segment on, which ranges may
 * share; or none.
 */
final class Range {
  final long start;
  final long sizeBytes;
  final MemorySegment memory;
  final boolean readable;
  final boolean writable;
  private final long offset;

  /**
   * Creates a range.
   *
   * @param start its first guest address
   * @param sizeBytes its length
   * @param memory its memory, not written if that is read-only; {@link MemorySegment#NULL} if the
   *     range is reserved and is no RAM
   * @param offset where it begins in {@code memory}
   */
  Range(long start, long sizeBytes, MemorySegment memory, long offset) {
    if (start < 0 || sizeBytes <= 0 || start > Long.MAX_VALUE - sizeBytes) {
      throw new IllegalArgumentException("bad range of " + sizeBytes + " bytes at " + start);
    }
    readable = !memory.equals(MemorySegment.NULL);
    writable = readable && !memory.isReadOnly();
    if (readable && (offset < 0 || offset > memory.byteSize() - sizeBytes)) {
      throw new IllegalArgumentException("range at " + start + " is outside of its segment");
    }
    this.start = start;
    this.sizeBytes = sizeBytes;
    this.memory = memory;
    this.offset = offset;
  }

  long end() {
    return start + sizeBytes;
  }

  /** Where an address of this range is in {@link #memory}. */
  long at(long address) {
    return offset + (address - start);
  }

  /** Whether {@code lengthBytes} bytes from an address on lie in here. */
  boolean contains(long address, long lengthBytes) {
    long at = address - start;
    // Both comparisons are unsigned: an address before the range, or a negative length, is a huge
    // number.
    return Long.compareUnsigned(at, sizeBytes) < 0
        && Long.compareUnsigned(lengthBytes, sizeBytes - at) <= 0;
  }
}
