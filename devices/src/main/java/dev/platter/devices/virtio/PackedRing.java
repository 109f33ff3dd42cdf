package dev.platter.devices.virtio;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The packed virtqueue's layout in guest memory (2.8). Flags of a descriptor are accessed with
 * {@link Vring}'s 16-bit methods, an event suppression structure as one 32-bit word.
 */
public final class PackedRing {
  /** Size of {@code struct pvirtq_desc} (2.8.13). */
  public static final int DESC_SIZE = 16;

  /** Offset of le64 addr. */
  public static final int DESC_ADDR = 0;

  /** Offset of le32 len; id and flags share its 64-bit word. */
  public static final int DESC_LEN = 8;

  /** Offset of le16 id. */
  public static final int DESC_ID = 12;

  /** Offset of le16 flags. */
  public static final int DESC_FLAGS = 14;

  /** The list goes on in the next descriptor of the ring (2.8.6). */
  public static final int DESC_F_NEXT = 1;

  /** The element is written by the device (2.8.3). */
  public static final int DESC_F_WRITE = 2;

  /** The element is a table of descriptors (2.8.7). */
  public static final int DESC_F_INDIRECT = 4;

  /** Equals the driver's wrap counter in an available descriptor (2.8.1). */
  public static final int DESC_F_AVAIL = 1 << 7;

  /** Equals the device's wrap counter in a used descriptor (2.8.1). */
  public static final int DESC_F_USED = 1 << 15;

  /** Size of an event suppression structure: le16 offset and wrap, le16 flags (2.8.14). */
  public static final int EVENT_SIZE = 4;

  /** Notify for every descriptor (2.8.10). */
  public static final int EVENT_ENABLE = 0;

  /** Never notify. */
  public static final int EVENT_DISABLE = 1;

  /** Notify for one descriptor; only with EVENT_IDX. */
  public static final int EVENT_AT_DESC = 2;

  /** Alignment of the descriptor ring (2.8.10.1). */
  public static final int DESC_ALIGN = 16;

  /** Alignment of an event suppression structure. */
  public static final int EVENT_ALIGN = 4;

  private static final VarHandle INT =
      ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
  private static final int EVENT_FLAGS_MASK = 3;
  private static final int EVENT_INDEX = 0x7fff;
  private static final int EVENT_WRAP = 0x8000;

  private PackedRing() {}

  /** The AVAIL and USED bits of a descriptor that is available in a lap. */
  public static int availableBits(boolean wrap) {
    return wrap ? DESC_F_AVAIL : DESC_F_USED;
  }

  /** The AVAIL and USED bits of a descriptor that is used in a lap. */
  public static int usedBits(boolean wrap) {
    return wrap ? DESC_F_AVAIL | DESC_F_USED : 0;
  }

  /** The AVAIL and USED bits of a descriptor's flags. */
  public static int lapBits(int flags) {
    return flags & (DESC_F_AVAIL | DESC_F_USED);
  }

  /** Sets when the other side is to notify; {@code index} and {@code wrap} mark a descriptor. */
  public static void setEvent(MemorySegment event, int flags, int index, boolean wrap) {
    INT.setOpaque(event, 0L, index | (wrap ? EVENT_WRAP : 0) | flags << 16);
  }

  /** Reads the other side's event suppression structure once, for {@link #wanted}. */
  public static int getEvent(MemorySegment event) {
    return (int) INT.getOpaque(event, 0L);
  }

  /**
   * Whether the other side wants a notification (2.8.10).
   *
   * @param event its event suppression structure
   * @param eventIdx whether EVENT_IDX is negotiated
   * @param size queue size
   * @param index the place behind the last descriptor that was made available or used
   * @param wrap the wrap counter there
   * @param moved how many descriptors the place has moved by since the last decision, at most
   *     {@code size}, because the other side has seen older ones by itself; more than {@code size}
   *     if the number is not known
   */
  public static boolean wanted(
      int event, boolean eventIdx, int size, int index, boolean wrap, int moved) {
    int flags = event >>> 16 & EVENT_FLAGS_MASK;
    if (flags != EVENT_AT_DESC || !eventIdx || moved > size) {
      return flags != EVENT_DISABLE; // an invalid value asks for notifications
    }
    boolean eventWrap = (event & EVENT_WRAP) != 0;
    int at = (event & EVENT_INDEX) - (eventWrap == wrap ? 0 : size);
    return Vring.needEvent(at, index, index - moved);
  }
}
