package dev.platter.devices.virtio;

import java.lang.foreign.MemorySegment;

/**
 * The place of one queue's record of the buffers in flight: a part of the buffer that vhost-user's
 * GET_INFLIGHT_FD and SET_INFLIGHT_FD carry ("Inflight I/O tracking" in the vhost-user protocol).
 * The buffer is shared with the client and survives this process. All zero, it is a record that
 * nobody has begun.
 *
 * @param memory the record, aligned to 8 bytes; must outlive the started queue
 * @param descNum how many descriptors it has room for: the queue size that was agreed on with the
 *     buffer, at least that of the queue
 */
public record InflightRegion(MemorySegment memory, int descNum) {
  /** Each queue's part begins at a multiple of this. */
  private static final long ALIGNMENT = 64;

  /** Checks all but the length of the memory, which the ring does when it starts. */
  public InflightRegion {
    if (descNum <= 0 || descNum > Vring.MAX_SIZE) {
      throw new IllegalArgumentException("bad queue size " + descNum);
    }
    if (memory.byteSize() < ALIGNMENT || memory.address() % Long.BYTES != 0) {
      throw new IllegalArgumentException("misaligned record, or hardly any");
    }
  }

  /**
   * The size of one queue's part of the buffer. That of a packed ring is enough for either.
   *
   * @param packed whether the rings are packed
   * @param descNum the queue size, 1..32768
   */
  public static long regionBytes(boolean packed, int descNum) {
    long bytes =
        packed
            ? PackedInflight.HEADER_BYTES + (long) PackedInflight.DESC_BYTES * descNum
            : SplitInflight.HEADER_BYTES + (long) SplitInflight.DESC_BYTES * descNum;
    return (bytes + ALIGNMENT - 1) & -ALIGNMENT;
  }

  /**
   * One queue's part of the buffer.
   *
   * @param buffer the parts of all queues, one behind the other
   * @param queue the queue's number
   * @param packed whether the rings are packed
   * @param descNum the queue size, 1..32768
   * @throws IllegalArgumentException if the buffer is too small or misaligned
   */
  public static InflightRegion of(MemorySegment buffer, int queue, boolean packed, int descNum) {
    long bytes = regionBytes(packed, descNum);
    if (queue < 0 || (queue + 1L) * bytes > buffer.byteSize()) {
      throw new IllegalArgumentException("no room for queue " + queue);
    }
    return new InflightRegion(buffer.asSlice(queue * bytes, bytes), descNum);
  }

  /** Clears the record, as when the driver has reset the device; the queue is not started. */
  public void clear() {
    // The version comes first, because the process may die in between.
    new InflightMemory(this).setShort(InflightMemory.VERSION_AT, 0);
    memory.fill((byte) 0);
  }
}
