package dev.platter.devices.virtio;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The split virtqueue's layout in guest memory (2.7) and the accesses that both sides make to it:
 * index and flag fields are 16-bit, little-endian and naturally aligned.
 */
public final class Vring {
  /** Size of {@code struct virtq_desc} (2.7.5). */
  public static final int DESC_SIZE = 16;

  /** Offset of le64 addr. */
  public static final int DESC_ADDR = 0;

  /** Offset of le32 len; flags and next share its 64-bit word. */
  public static final int DESC_LEN = 8;

  /** Offset of le16 flags. */
  public static final int DESC_FLAGS = 12;

  /** The chain goes on at next. */
  public static final int DESC_F_NEXT = 1;

  /** The buffer is written by the device; otherwise it is read. */
  public static final int DESC_F_WRITE = 2;

  /** The buffer is a table of descriptors (2.7.5.3). */
  public static final int DESC_F_INDIRECT = 4;

  /** Offset of le16 flags in the available and the used ring. */
  public static final int RING_FLAGS = 0;

  /** Offset of le16 idx in the available and the used ring. */
  public static final int RING_IDX = 2;

  /** Offset of the first element of the available and the used ring. */
  public static final int RING_START = 4;

  /** Size of an element of the available ring (2.7.6). */
  public static final int AVAIL_ELEM_SIZE = 2;

  /** Size of {@code struct virtq_used_elem}: le32 id, le32 len (2.7.8). */
  public static final int USED_ELEM_SIZE = 8;

  /** In the available ring: the driver does not need interrupts (2.7.7). */
  public static final int AVAIL_F_NO_INTERRUPT = 1;

  /** In the used ring: the device does not need doorbells (2.7.10). */
  public static final int USED_F_NO_NOTIFY = 1;

  /** Alignment of the descriptor table (2.7). */
  public static final int DESC_ALIGN = 16;

  /** Alignment of the available ring. */
  public static final int AVAIL_ALIGN = 2;

  /** Alignment of the used ring. */
  public static final int USED_ALIGN = 4;

  /** The largest queue size (2.7). */
  public static final int MAX_SIZE = 32768;

  static final ValueLayout.OfLong LE64 = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt LE32 = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfShort LE16 = ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle SHORT = LE16.varHandle();

  private Vring() {}

  /** Size of the available ring in bytes, with used_event at its end. */
  public static long availBytes(int size) {
    return RING_START + (long) AVAIL_ELEM_SIZE * size + 2;
  }

  /** Size of the used ring in bytes, with avail_event at its end. */
  public static long usedBytes(int size) {
    return RING_START + (long) USED_ELEM_SIZE * size + 2;
  }

  /** Offset in the available ring of used_event: when the driver wants an interrupt (2.7.7). */
  public static long usedEvent(int size) {
    return RING_START + (long) AVAIL_ELEM_SIZE * size;
  }

  /** Offset in the used ring of avail_event: when the device wants a doorbell (2.7.10). */
  public static long availEvent(int size) {
    return RING_START + (long) USED_ELEM_SIZE * size;
  }

  /** Reads 16 bits as 0..65535; stores of the other side before its release are visible. */
  public static int getAcquire(MemorySegment ring, long offset) {
    return (short) SHORT.getAcquire(ring, offset) & 0xffff;
  }

  /** Writes 16 bits after everything written before. */
  public static void setRelease(MemorySegment ring, long offset, int value) {
    SHORT.setRelease(ring, offset, (short) value);
  }

  /** Reads 16 bits as 0..65535, once, in no particular order. */
  public static int getOpaque(MemorySegment ring, long offset) {
    return (short) SHORT.getOpaque(ring, offset) & 0xffff;
  }

  /** Writes 16 bits, once, in no particular order. */
  public static void setOpaque(MemorySegment ring, long offset, int value) {
    SHORT.setOpaque(ring, offset, (short) value);
  }

  /**
   * Whether an index that moves from {@code oldIndex} to {@code newIndex} passes the entry after
   * which the other side wants a notification (2.7.7.2, 2.7.10.1); indices wrap at 65536.
   *
   * @param event that entry
   */
  public static boolean needEvent(int event, int newIndex, int oldIndex) {
    return ((newIndex - event - 1) & 0xffff) < ((newIndex - oldIndex) & 0xffff);
  }
}
