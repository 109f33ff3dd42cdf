package dev.platter.devices.virtio;

import static dev.platter.devices.virtio.Vring.LE32;
import static dev.platter.devices.virtio.Vring.LE64;

import dev.platter.devices.memory.GuestMemory;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The device side of a packed virtqueue (2.8). Any queue size will do, not only powers of two.
 *
 * <p>Memory order: both sides wait for a descriptor's flags alone. The driver releases those of a
 * list's first descriptor after the rest of the list, and this side acquires them before it reads
 * any of it; this side releases the flags of a used descriptor after its id and length. Where one
 * side stores flags and then loads the other's event suppression structure, a full fence stands
 * between, on both sides, or both may decide that the other has seen it.
 *
 * <p>A list is copied from the ring before it is looked at: its last descriptor says whose it is,
 * and used descriptors go where lists still in flight stood.
 */
public final class PackedVirtQueue extends AbstractRing {
  // The list that is being taken: addr, and the word of len, id and flags.
  private final long[] addresses;
  private final long[] words;
  // By id, of the buffers in flight.
  private final int[] lengths;
  private final int[] entries;

  private MemorySegment ring = MemorySegment.NULL;
  private MemorySegment driverEvent = MemorySegment.NULL;
  private MemorySegment deviceEvent = MemorySegment.NULL;
  private @Nullable PackedInflight inflight;
  private int nextAvail;
  private boolean availWrap;
  private int nextUsed;
  private boolean usedWrap;

  /** Descriptors from {@link #nextUsed} to {@link #nextAvail}. */
  private int taken;

  /** The number of descriptors used since the driver was last considered for an interrupt. */
  private int untold;

  private boolean toldOnce;

  /**
   * Creates a queue that is not started.
   *
   * @param memory where the ring and buffers are
   * @param maxSize the largest queue size to accept
   * @param listener told of interrupts and guest errors
   */
  public PackedVirtQueue(GuestMemory memory, int maxSize, QueueListener listener) {
    super(memory, maxSize, listener);
    addresses = new long[maxSize];
    words = new long[maxSize];
    lengths = new int[maxSize];
    entries = new int[maxSize];
  }

  @Override
  @Nullable String open(QueueConfig config, @Nullable InflightMemory record) {
    if (size <= 0 || size > maxSize) {
      return "queue size is not within the limit";
    }
    MemorySegment desc =
        resolve(config.descriptorArea(), (long) DESC_SIZE * size, PackedRing.DESC_ALIGN);
    MemorySegment driver =
        resolve(config.driverArea(), PackedRing.EVENT_SIZE, PackedRing.EVENT_ALIGN);
    MemorySegment device =
        resolve(config.deviceArea(), PackedRing.EVENT_SIZE, PackedRing.EVENT_ALIGN);
    if (desc == null || driver == null || device == null) {
      return "ring is misaligned or outside guest memory";
    }
    ring = desc;
    driverEvent = driver;
    deviceEvent = device;
    inflight = null;
    untold = 0;
    toldOnce = false;
    String wrong = record == null ? place(config) : resume(new PackedInflight(record), config);
    PackedRing.setEvent(deviceEvent, PackedRing.EVENT_ENABLE, 0, false);
    return wrong;
  }

  private @Nullable String place(QueueConfig config) {
    nextAvail = config.availIndex();
    availWrap = config.availWrap();
    nextUsed = config.usedIndex();
    usedWrap = config.usedWrap();
    if (nextAvail == 0 && nextUsed == 0 && !availWrap && !usedWrap && nothingWasUsed()) {
      // Linux's virtio_uml says 0 for the beginning of either kind of ring; counters begin at 1.
      availWrap = true;
      usedWrap = true;
    }
    taken = nextAvail - nextUsed + (availWrap == usedWrap ? 0 : size);
    boolean inside = nextAvail >= 0 && nextAvail < size && nextUsed >= 0 && nextUsed < size;
    return inside && taken >= 0 && taken <= size ? null : "queue position is outside the ring";
  }

  /** Whether no descriptor is as a lap would have left it: used, or available after that. */
  private boolean nothingWasUsed() {
    for (int i = 0; i < size; i++) {
      int flags = Vring.getOpaque(ring, (long) DESC_SIZE * i + PackedRing.DESC_FLAGS);
      if ((flags & PackedRing.DESC_F_USED) != 0) {
        return false;
      }
    }
    return true;
  }

  private @Nullable String resume(PackedInflight record, QueueConfig config) {
    // After a crash the client does not know the positions; the record has them.
    String wrong = record.isBegun() ? null : place(config);
    if (wrong == null) {
      wrong = record.open(size, ring, nextUsed, usedWrap);
    }
    if (wrong == null && record.resumed()) {
      setLeft(record.heads());
      nextUsed = record.usedIndex();
      usedWrap = record.usedWrap();
      nextAvail = nextUsed;
      availWrap = usedWrap;
      taken = 0;
      advanceAvail(record.descriptors());
      // The process that used the last buffer may have died before it told the driver.
      untold = 1;
    }
    inflight = record;
    return wrong;
  }

  @Override
  public int nextAvail() {
    return nextAvail;
  }

  @Override
  public boolean availWrap() {
    return availWrap;
  }

  @Override
  public int nextUsed() {
    return nextUsed;
  }

  @Override
  public boolean usedWrap() {
    return usedWrap;
  }

  @Override
  public int vringBase() {
    int avail = nextAvail | (availWrap ? 1 << 15 : 0);
    int used = nextUsed | (usedWrap ? 1 << 15 : 0);
    return avail | used << 16;
  }

  // ---- available descriptors -----------------------------------------------------------------

  @Override
  public @Nullable DescriptorChain pop() {
    if (broken) {
      return null;
    }
    PackedInflight record = inflight;
    if (record != null && hasLeft()) {
      int entry = takeLeft();
      return take(record.read(entry, addresses, words), entry);
    }
    if (!available()) {
      return null;
    }
    int count = copyList();
    if (count == 0) {
      return null;
    }
    DescriptorChain chain = take(count, PackedInflight.NONE);
    if (chain == null || (record != null && !record(record, chain, count))) {
      return null;
    }
    advanceAvail(count);
    return chain;
  }

  private boolean record(PackedInflight record, DescriptorChain chain, int count) {
    int entry = record.take(count, addresses, words);
    entries[chain.id()] = entry;
    return entry != PackedInflight.NONE || failed("in-flight record is full");
  }

  private boolean available() {
    long at = (long) DESC_SIZE * nextAvail + PackedRing.DESC_FLAGS;
    return PackedRing.lapBits(Vring.getAcquire(ring, at)) == PackedRing.availableBits(availWrap);
  }

  private void advanceAvail(int count) {
    taken += count;
    nextAvail += count;
    if (nextAvail >= size) {
      nextAvail -= size;
      availWrap = !availWrap;
    }
  }

  /**
   * Copies the list at {@link #nextAvail}.
   *
   * @return how many descriptors it has; 0, having failed, if it runs into what is in flight
   */
  private int copyList() {
    int index = nextAvail;
    int room = size - taken;
    for (int count = 0; count < room; count++) {
      long at = (long) DESC_SIZE * index;
      long word = ring.get(LE64, at + PackedRing.DESC_LEN);
      addresses[count] = ring.get(LE64, at + PackedRing.DESC_ADDR);
      words[count] = word;
      if ((flags(word) & PackedRing.DESC_F_NEXT) == 0) {
        return count + 1;
      }
      index = index + 1 == size ? 0 : index + 1;
    }
    fail("descriptor list is longer than what is free in the ring");
    return 0;
  }

  /** Makes a chain of the list that was copied; the last descriptor has its id (2.8.6). */
  private @Nullable DescriptorChain take(int count, int entry) {
    int id = (int) (words[count - 1] >>> 32) & 0xffff;
    if (id >= size) {
      fail("buffer id is not below the queue size");
      return null;
    }
    DescriptorChain chain = chain(id);
    if (chain == null || !gather(chain, count)) {
      return null;
    }
    chain.setInFlight(true);
    lengths[id] = count;
    entries[id] = entry;
    return chain;
  }

  private boolean gather(DescriptorChain chain, int count) {
    for (int i = 0; i < count; i++) {
      long word = words[i];
      if ((flags(word) & PackedRing.DESC_F_INDIRECT) != 0) {
        // A list mixes no kinds, and a table is a list of its own (2.8.5, 2.8.19).
        if (!indirect || count > 1) {
          return failed("indirect descriptor where none may be");
        }
        return gatherIndirect(chain, addresses[i], length(word));
      }
      if (!append(chain, addresses[i], length(word), writable(word))) {
        return false;
      }
    }
    return true;
  }

  /** Takes the whole table, in order: no flag but WRITE means anything in it (2.8.7). */
  private boolean gatherIndirect(DescriptorChain chain, long address, long lengthBytes) {
    int count = copyTable(address, lengthBytes);
    for (int i = 0; i < count; i++) {
      long at = (long) DESC_SIZE * i;
      long word = table.get(LE64, at + PackedRing.DESC_LEN);
      long element = table.get(LE64, at + PackedRing.DESC_ADDR);
      if (!append(chain, element, length(word), writable(word))) {
        return false;
      }
    }
    return count > 0;
  }

  private static int flags(long word) {
    return (int) (word >>> 48);
  }

  private static boolean writable(long word) {
    return (flags(word) & PackedRing.DESC_F_WRITE) != 0;
  }

  @Override
  public boolean hasAvailable() {
    return !broken && (hasLeft() || available());
  }

  @Override
  public void disableKicks() {
    // With EVENT_IDX, an event that lies behind already suppresses doorbells.
    if (!broken && !eventIdx) {
      PackedRing.setEvent(deviceEvent, PackedRing.EVENT_DISABLE, 0, false);
    }
  }

  @Override
  public boolean enableKicks() {
    if (broken) {
      return false;
    }
    int how = eventIdx ? PackedRing.EVENT_AT_DESC : PackedRing.EVENT_ENABLE;
    PackedRing.setEvent(deviceEvent, how, nextAvail, availWrap);
    // The driver stores flags, then loads what was stored here (2.8.21.2).
    VarHandle.fullFence();
    return hasAvailable();
  }

  // ---- used descriptors ----------------------------------------------------------------------

  @Override
  public void push(DescriptorChain chain, long writtenBytes) {
    land(chain);
    int id = chain.id();
    long at = (long) DESC_SIZE * nextUsed;
    int flags = PackedRing.usedBits(usedWrap) | (writtenBytes > 0 ? PackedRing.DESC_F_WRITE : 0);
    advanceUsed(lengths[id]);
    PackedInflight record = inflight;
    if (record != null) {
      record.giving(entries[id], nextUsed, usedWrap);
    }
    ring.set(LE32, at + PackedRing.DESC_LEN, (int) writtenBytes);
    Vring.setOpaque(ring, at + PackedRing.DESC_ID, id);
    Vring.setRelease(ring, at + PackedRing.DESC_FLAGS, flags);
    if (record != null) {
      record.given(entries[id]);
    }
  }

  private void advanceUsed(int count) {
    taken -= count;
    untold = Math.min(untold + count, size);
    nextUsed += count;
    if (nextUsed >= size) {
      nextUsed -= size;
      usedWrap = !usedWrap;
    }
  }

  @Override
  public boolean remembers() {
    return inflight != null;
  }

  @Override
  public void notifyDriver() {
    if (untold == 0) {
      return;
    }
    // The driver stores its event, then loads flags (2.8.22).
    VarHandle.fullFence();
    int event = PackedRing.getEvent(driverEvent);
    // The driver may have set its event before this side counted: the first buffer always
    // interrupts.
    int moved = toldOnce ? untold : size + 1;
    untold = 0;
    toldOnce = true;
    if (PackedRing.wanted(event, eventIdx, size, nextUsed, usedWrap, moved)) {
      interrupt();
    }
  }
}
