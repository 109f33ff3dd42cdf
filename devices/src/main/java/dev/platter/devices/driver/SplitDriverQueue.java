package dev.platter.devices.driver;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.platter.devices.memory.GuestMemory;
import dev.platter.devices.virtio.Vring;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The driver side of a split virtqueue (virtio 1.3, 2.7) in guest memory. The pieces are public, so
 * that a test can also build what no driver would. Allocates nothing after its construction.
 */
public final class SplitDriverQueue implements DriverQueue {
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
  private final MemorySegment descriptors;
  private final MemorySegment avail;
  private final MemorySegment used;
  // Free descriptors, linked; a driver trusts its own copy, not what is in shared memory.
  private final int[] nextFree;
  // The chains that were offered with elements: each one's length, by head, and its links.
  private final ElementList elements = new ElementList();
  private final int[] lengthOf;
  private final int[] nextInChain;
  private int firstFree;
  private int freeCount;
  private int availIndex;
  private int kickedIndex;
  private int usedIndex;
  private int usedLength;

  /**
   * Lays out an empty queue.
   *
   * @param size queue size, a power of two
   * @param eventIdx whether EVENT_IDX is negotiated
   */
  public SplitDriverQueue(
      GuestMemory memory, GuestAllocator allocator, int size, boolean eventIdx) {
    this.memory = memory;
    this.size = size;
    this.eventIdx = eventIdx;
    descriptorArea = allocator.allocate((long) Vring.DESC_SIZE * size, Vring.DESC_ALIGN);
    driverArea = allocator.allocate(Vring.availBytes(size), Vring.AVAIL_ALIGN);
    deviceArea = allocator.allocate(Vring.usedBytes(size), Vring.USED_ALIGN);
    descriptors = view(memory, descriptorArea, (long) Vring.DESC_SIZE * size);
    avail = view(memory, driverArea, Vring.availBytes(size));
    used = view(memory, deviceArea, Vring.usedBytes(size));
    nextFree = new int[size];
    lengthOf = new int[size];
    nextInChain = new int[size];
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
    startAt(0);
  }

  /** Empties the queue with both indices at {@code index}, to reach their wrap-around soon. */
  public void startAt(int index) {
    descriptors.fill((byte) 0);
    avail.fill((byte) 0);
    used.fill((byte) 0);
    for (int i = 0; i < size; i++) {
      nextFree[i] = i + 1 < size ? i + 1 : NONE;
      lengthOf[i] = 0;
    }
    elements.clear();
    firstFree = 0;
    freeCount = size;
    availIndex = index & 0xffff;
    kickedIndex = availIndex;
    usedIndex = availIndex;
    usedLength = 0;
    Vring.setRelease(avail, Vring.RING_IDX, availIndex);
    Vring.setRelease(used, Vring.RING_IDX, usedIndex);
    Vring.setRelease(avail, Vring.usedEvent(size), usedIndex);
    Vring.setRelease(used, Vring.availEvent(size), availIndex);
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

  // ---- descriptors ---------------------------------------------------------------------------

  /** Takes a free descriptor, or returns -1. */
  public int allocate() {
    int index = firstFree;
    if (index != NONE) {
      firstFree = nextFree[index];
      freeCount--;
    }
    return index;
  }

  /** Gives a descriptor back. */
  public void release(int index) {
    nextFree[index] = firstFree;
    firstFree = index;
    freeCount++;
  }

  @Override
  public int freeCount() {
    return freeCount;
  }

  /** Writes a descriptor of the table; anything goes. */
  public void writeDescriptor(int index, long address, int lengthBytes, int flags, int next) {
    long at = (long) index * Vring.DESC_SIZE;
    descriptors.set(LE64, at + Vring.DESC_ADDR, address);
    descriptors.set(LE64, at + Vring.DESC_LEN, tail(lengthBytes, flags, next));
  }

  /** Writes a descriptor of an indirect table at guest address {@code table}. */
  public static void writeDescriptor(
      GuestMemory memory, long table, int index, long address, int length, int flags, int next) {
    long at = table + (long) index * Vring.DESC_SIZE;
    memory.writeLong(at + Vring.DESC_ADDR, address);
    memory.writeLong(at + Vring.DESC_LEN, tail(length, flags, next));
  }

  private static long tail(int lengthBytes, int flags, int next) {
    return (lengthBytes & 0xffff_ffffL) | (long) (flags & 0xffff) << 32 | (long) next << 48;
  }

  // ---- available ring ------------------------------------------------------------------------

  @Override
  public void add(long guestAddress, int lengthBytes, boolean deviceWrites) {
    elements.add(guestAddress, lengthBytes, deviceWrites);
  }

  private int flags(int element) {
    return (elements.writes(element) ? Vring.DESC_F_WRITE : 0)
        | (element < elements.count() - 1 ? Vring.DESC_F_NEXT : 0);
  }

  @Override
  public int offer() {
    int count = elements.count();
    if (count > freeCount) {
      elements.clear();
      return NONE;
    }
    int head = allocate();
    int index = head;
    for (int i = 0; i < count; i++) {
      int next = i < count - 1 ? allocate() : 0;
      writeDescriptor(index, elements.address(i), elements.length(i), flags(i), next);
      nextInChain[index] = next;
      index = next;
    }
    lengthOf[head] = count;
    elements.clear();
    offer(head);
    return head;
  }

  @Override
  public int offerIndirect(long table) {
    int head = allocate();
    if (head != NONE) {
      int count = elements.count();
      for (int i = 0; i < count; i++) {
        long address = elements.address(i);
        writeDescriptor(memory, table, i, address, elements.length(i), flags(i), i + 1);
      }
      writeDescriptor(head, table, count * Vring.DESC_SIZE, Vring.DESC_F_INDIRECT, 0);
      lengthOf[head] = 1;
      offer(head);
    }
    elements.clear();
    return head;
  }

  /** Makes a chain available; the device may see it before it is told. */
  public void offer(int head) {
    long at = Vring.RING_START + (long) Vring.AVAIL_ELEM_SIZE * (availIndex & (size - 1));
    Vring.setOpaque(avail, at, head);
    availIndex = (availIndex + 1) & 0xffff;
    Vring.setRelease(avail, Vring.RING_IDX, availIndex);
  }

  /** Sets the available index to anything, without an entry. */
  public void forceAvailIndex(int index) {
    availIndex = index & 0xffff;
    Vring.setRelease(avail, Vring.RING_IDX, availIndex);
  }

  /** Index of the next entry to offer. */
  public int availIndex() {
    return availIndex;
  }

  @Override
  public boolean kickNeeded() {
    if (kickedIndex == availIndex) {
      return false;
    }
    // The device stores its wish, then loads the index that was stored above.
    VarHandle.fullFence();
    int old = kickedIndex;
    kickedIndex = availIndex;
    if (eventIdx) {
      return Vring.needEvent(Vring.getOpaque(used, Vring.availEvent(size)), availIndex, old);
    }
    return (Vring.getOpaque(used, Vring.RING_FLAGS) & Vring.USED_F_NO_NOTIFY) == 0;
  }

  // ---- used ring -----------------------------------------------------------------------------

  @Override
  public boolean hasUsed() {
    return Vring.getAcquire(used, Vring.RING_IDX) != usedIndex;
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalStateException if the device has used a buffer that it did not have
   */
  @Override
  public int take() {
    int head = takeUsed();
    if (head == NONE) {
      return NONE;
    }
    if (head < 0 || head >= size || lengthOf[head] == 0) {
      throw new IllegalStateException("the device has used buffer " + head + ", which it had not");
    }
    int index = head;
    for (int i = 0; i < lengthOf[head]; i++) {
      release(index);
      index = nextInChain[index];
    }
    lengthOf[head] = 0;
    return head;
  }

  /**
   * Takes the next used buffer, whoever has its descriptors.
   *
   * @return its head, or -1 if there is none
   */
  public int takeUsed() {
    if (!hasUsed()) {
      return NONE;
    }
    long at = Vring.RING_START + (long) Vring.USED_ELEM_SIZE * (usedIndex & (size - 1));
    usedLength = used.get(LE32, at + 4);
    usedIndex = (usedIndex + 1) & 0xffff;
    return used.get(LE32, at);
  }

  @Override
  public int usedLength() {
    return usedLength;
  }

  /** Index of the next used entry to take. */
  public int usedIndex() {
    return usedIndex;
  }

  @Override
  public void disableInterrupts() {
    if (!eventIdx) {
      Vring.setOpaque(avail, Vring.RING_FLAGS, Vring.AVAIL_F_NO_INTERRUPT);
    }
  }

  @Override
  public boolean enableInterrupts() {
    return enableInterruptsAt(usedIndex);
  }

  /** The same, but with EVENT_IDX for the buffer that will be used at {@code index}. */
  public boolean enableInterruptsAt(int index) {
    if (eventIdx) {
      Vring.setOpaque(avail, Vring.usedEvent(size), index);
    } else {
      Vring.setOpaque(avail, Vring.RING_FLAGS, 0);
    }
    VarHandle.fullFence();
    return hasUsed();
  }

  /** The available ring, to scribble on. */
  public MemorySegment availRing() {
    return avail;
  }

  /** The used ring, to scribble on. */
  public MemorySegment usedRing() {
    return used;
  }
}
