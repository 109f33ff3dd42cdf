package dev.platter.devices.driver;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.platter.devices.memory.GuestMemory;
import dev.platter.devices.virtio.PackedRing;
import dev.platter.devices.virtio.Vring;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The driver side of a packed virtqueue (virtio 1.3, 2.8) in guest memory. The pieces are public,
 * so that a test can also build what no driver would. Allocates nothing after its construction.
 */
public final class PackedDriverQueue implements DriverQueue {
  private static final ValueLayout.OfInt LE32 =
      JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LE64 =
      JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final GuestMemory memory;
  private final int size;
  private final boolean eventIdx;
  private final long descriptorArea;
  private final long driverArea;
  private final long deviceArea;
  private final MemorySegment ring;
  private final MemorySegment driverEvent;
  private final MemorySegment deviceEvent;
  private final ElementList elements = new ElementList();
  // Ids as a stack; and how many descriptors the buffer of an id in flight has, or 0.
  private final int[] freeIds;
  private final int[] lengthOf;
  private int freeIdCount;
  private int freeCount;
  private int nextAvail;
  private boolean availWrap;
  private int unkicked;
  private int nextUsed;
  private boolean usedWrap;
  private int usedLength;

  /**
   * Lays out an empty queue.
   *
   * @param size queue size
   * @param eventIdx whether EVENT_IDX is negotiated
   */
  public PackedDriverQueue(
      GuestMemory memory, GuestAllocator allocator, int size, boolean eventIdx) {
    this.memory = memory;
    this.size = size;
    this.eventIdx = eventIdx;
    long bytes = (long) PackedRing.DESC_SIZE * size;
    descriptorArea = allocator.allocate(bytes, PackedRing.DESC_ALIGN);
    driverArea = allocator.allocate(PackedRing.EVENT_SIZE, PackedRing.EVENT_ALIGN);
    deviceArea = allocator.allocate(PackedRing.EVENT_SIZE, PackedRing.EVENT_ALIGN);
    ring = view(memory, descriptorArea, bytes);
    driverEvent = view(memory, driverArea, PackedRing.EVENT_SIZE);
    deviceEvent = view(memory, deviceArea, PackedRing.EVENT_SIZE);
    freeIds = new int[size];
    lengthOf = new int[size];
    reset();
  }

  private static MemorySegment view(GuestMemory memory, long address, long lengthBytes) {
    MemorySegment view = memory.slice(address, lengthBytes);
    if (view == null) {
      throw new IllegalArgumentException("ring outside guest memory");
    }
    return view;
  }

  @Override
  public void reset() {
    startAt(0, true);
  }

  /** Empties the queue with everything up to a place used, to reach its end soon. */
  public void startAt(int index, boolean wrap) {
    for (int i = 0; i < size; i++) {
      writeDescriptor(i, 0, 0, 0, PackedRing.usedBits(i < index ? wrap : !wrap));
      freeIds[i] = size - 1 - i;
      lengthOf[i] = 0;
    }
    freeIdCount = size;
    freeCount = size;
    nextAvail = index;
    availWrap = wrap;
    unkicked = 0;
    nextUsed = index;
    usedWrap = wrap;
    usedLength = 0;
    elements.clear();
    PackedRing.setEvent(driverEvent, PackedRing.EVENT_ENABLE, 0, false);
    PackedRing.setEvent(deviceEvent, PackedRing.EVENT_ENABLE, 0, false);
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public long descriptorArea() {
    return descriptorArea;
  }

  @Override
  public long driverArea() {
    return driverArea;
  }

  @Override
  public long deviceArea() {
    return deviceArea;
  }

  @Override
  public int freeCount() {
    return freeCount;
  }

  // ---- available descriptors -----------------------------------------------------------------

  /** Writes a descriptor of the ring, its flags last; anything goes. */
  public void writeDescriptor(int index, long address, int lengthBytes, int id, int flags) {
    long at = (long) index * PackedRing.DESC_SIZE;
    ring.set(LE64, at + PackedRing.DESC_ADDR, address);
    ring.set(LE32, at + PackedRing.DESC_LEN, lengthBytes);
    Vring.setOpaque(ring, at + PackedRing.DESC_ID, id);
    Vring.setRelease(ring, at + PackedRing.DESC_FLAGS, flags);
  }

  /** Writes a descriptor of an indirect table at guest address {@code table}. */
  public static void writeDescriptor(
      GuestMemory memory, long table, int index, long address, int length, int flags) {
    long at = table + (long) index * PackedRing.DESC_SIZE;
    memory.writeLong(at + PackedRing.DESC_ADDR, address);
    memory.writeInt(at + PackedRing.DESC_LEN, length);
    memory.writeInt(at + PackedRing.DESC_ID, flags << 16);
  }

  @Override
  public void add(long guestAddress, int lengthBytes, boolean deviceWrites) {
    elements.add(guestAddress, lengthBytes, deviceWrites);
  }

  private static int writeFlag(boolean deviceWrites) {
    return deviceWrites ? PackedRing.DESC_F_WRITE : 0;
  }

  @Override
  public int offer() {
    int count = elements.count();
    if (count > freeCount || freeIdCount == 0) {
      elements.clear();
      return NONE;
    }
    int id = freeIds[freeIdCount - 1];
    // From the last to the first, as the first makes all of them available (2.8.6).
    for (int i = count - 1; i >= 0; i--) {
      int index = nextAvail + i;
      boolean wrap = index < size ? availWrap : !availWrap;
      int next = i < count - 1 ? PackedRing.DESC_F_NEXT : 0;
      int flags = PackedRing.availableBits(wrap) | writeFlag(elements.writes(i)) | next;
      writeDescriptor(index % size, elements.address(i), elements.length(i), id, flags);
    }
    elements.clear();
    return offered(id, count);
  }

  @Override
  public int offerIndirect(long table) {
    if (freeCount == 0 || freeIdCount == 0) {
      elements.clear();
      return NONE;
    }
    int count = elements.count();
    for (int i = 0; i < count; i++) {
      int flags = writeFlag(elements.writes(i));
      writeDescriptor(memory, table, i, elements.address(i), elements.length(i), flags);
    }
    elements.clear();
    int id = freeIds[freeIdCount - 1];
    int flags = PackedRing.availableBits(availWrap) | PackedRing.DESC_F_INDIRECT;
    writeDescriptor(nextAvail, table, count * PackedRing.DESC_SIZE, id, flags);
    return offered(id, 1);
  }

  private int offered(int id, int count) {
    freeIdCount--;
    lengthOf[id] = count;
    freeCount -= count;
    skip(count);
    return id;
  }

  /** Goes on behind descriptors that were written one by one. */
  public void skip(int count) {
    unkicked = Math.min(unkicked + count, size);
    nextAvail += count;
    if (nextAvail >= size) {
      nextAvail -= size;
      availWrap = !availWrap;
    }
  }

  /** The place of the next descriptor to offer. */
  public int nextAvail() {
    return nextAvail;
  }

  /** The driver's ring wrap counter there. */
  public boolean availWrap() {
    return availWrap;
  }

  @Override
  public boolean kickNeeded() {
    if (unkicked == 0) {
      return false;
    }
    // The device stores its wish, then loads the flags that were stored above.
    VarHandle.fullFence();
    int moved = unkicked;
    unkicked = 0;
    int event = PackedRing.getEvent(deviceEvent);
    return PackedRing.wanted(event, eventIdx, size, nextAvail, availWrap, moved);
  }

  // ---- used descriptors ----------------------------------------------------------------------

  @Override
  public boolean hasUsed() {
    long at = (long) nextUsed * PackedRing.DESC_SIZE + PackedRing.DESC_FLAGS;
    return PackedRing.lapBits(Vring.getAcquire(ring, at)) == PackedRing.usedBits(usedWrap);
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalStateException if the device has used a buffer that it did not have
   */
  @Override
  public int take() {
    if (freeCount == size || !hasUsed()) {
      return NONE;
    }
    long at = (long) nextUsed * PackedRing.DESC_SIZE;
    int id = Vring.getOpaque(ring, at + PackedRing.DESC_ID);
    if (id >= size || lengthOf[id] == 0) {
      throw new IllegalStateException("the device has used buffer " + id + ", which it had not");
    }
    int flags = Vring.getOpaque(ring, at + PackedRing.DESC_FLAGS);
    boolean written = (flags & PackedRing.DESC_F_WRITE) != 0;
    usedLength = written ? ring.get(LE32, at + PackedRing.DESC_LEN) : 0;
    int count = lengthOf[id];
    lengthOf[id] = 0;
    freeIds[freeIdCount++] = id;
    freeCount += count;
    nextUsed += count;
    if (nextUsed >= size) {
      nextUsed -= size;
      usedWrap = !usedWrap;
    }
    return id;
  }

  @Override
  public int usedLength() {
    return usedLength;
  }

  /** The place of the next used descriptor to take. */
  public int nextUsed() {
    return nextUsed;
  }

  /** The device's ring wrap counter there. */
  public boolean usedWrap() {
    return usedWrap;
  }

  @Override
  public void disableInterrupts() {
    PackedRing.setEvent(driverEvent, PackedRing.EVENT_DISABLE, 0, false);
  }

  @Override
  public boolean enableInterrupts() {
    return enableInterruptsAt(nextUsed, usedWrap);
  }

  /** The same, but with EVENT_IDX for the descriptor that will be used at a place. */
  public boolean enableInterruptsAt(int index, boolean wrap) {
    int how = eventIdx ? PackedRing.EVENT_AT_DESC : PackedRing.EVENT_ENABLE;
    PackedRing.setEvent(driverEvent, how, index, wrap);
    VarHandle.fullFence();
    return hasUsed();
  }

  /** The descriptor ring, to scribble on. */
  public MemorySegment descriptorRing() {
    return ring;
  }

  /** The driver's event suppression structure, to scribble on. */
  public MemorySegment driverEvent() {
    return driverEvent;
  }

  /** The device's event suppression structure, to look at. */
  public MemorySegment deviceEvent() {
    return deviceEvent;
  }
}
