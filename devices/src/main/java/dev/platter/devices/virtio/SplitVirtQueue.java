package dev.platter.devices.virtio;

import static dev.platter.devices.virtio.Vring.LE32;
import static dev.platter.devices.virtio.Vring.LE64;

import dev.platter.devices.memory.GuestMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The device side of a split virtqueue (2.7).
 *
 * <p>Memory order: the driver releases avail.idx after a buffer and this side acquires it before;
 * this side releases used.idx after an element. Where one side stores its index and then loads the
 * other's wish to be notified, a full fence stands between, on both sides, or both may decide that
 * the other has seen it.
 */
public final class SplitVirtQueue implements VirtQueue {
  /**
   * Drivers may use tables longer than a small ring; the block device's seg_max is at least 126.
   */
  private static final int MIN_CHAIN_LIMIT = 128;

  /** A chain is at most 2^32 bytes long (2.7.4.2). */
  private static final long MAX_CHAIN_BYTES = 1L << 32;

  private final GuestMemory memory;
  private final QueueListener listener;
  private final int maxSize;
  private final int chainLimit;
  private final DescriptorChain[] chains;
  private final MemorySegment table;

  private MemorySegment descriptors = MemorySegment.NULL;
  private MemorySegment avail = MemorySegment.NULL;
  private MemorySegment used = MemorySegment.NULL;
  private int size;
  private int mask;
  private boolean indirect;
  private boolean eventIdx;
  private boolean broken = true;
  // All indices are free-running and kept to 16 bits.
  private int nextAvail;
  private int knownAvail;
  private int nextUsed;
  private int notifiedUsed;
  private boolean notifiedOnce;

  /**
   * Creates a queue that is not started.
   *
   * @param memory where the rings and buffers are
   * @param maxSize the largest queue size to accept, a power of two
   * @param listener told of interrupts and guest errors
   */
  public SplitVirtQueue(GuestMemory memory, int maxSize, QueueListener listener) {
    this.memory = memory;
    this.maxSize = maxSize;
    this.listener = listener;
    this.chainLimit = Math.max(maxSize, MIN_CHAIN_LIMIT);
    this.chains = new DescriptorChain[maxSize];
    for (int i = 0; i < maxSize; i++) {
      chains[i] = new DescriptorChain(memory, i, chainLimit);
    }
    this.table = Arena.ofAuto().allocate((long) chainLimit * Vring.DESC_SIZE, Vring.DESC_ALIGN);
  }

  /**
   * Starts the queue, forgetting whatever was in flight before.
   *
   * @param config where the driver has put it
   * @param features the negotiated features
   * @return false, after telling the listener, if the driver's set-up makes no sense
   */
  public boolean start(QueueConfig config, long features) {
    size = config.size();
    mask = size - 1;
    indirect = (features & VirtioFeatures.INDIRECT_DESC) != 0;
    eventIdx = (features & VirtioFeatures.EVENT_IDX) != 0;
    nextAvail = config.availIndex() & 0xffff;
    knownAvail = nextAvail;
    nextUsed = config.usedIndex() & 0xffff;
    notifiedUsed = nextUsed;
    notifiedOnce = false;
    for (DescriptorChain chain : chains) {
      chain.setInFlight(false);
    }
    broken = false;
    if (size <= 0 || size > maxSize || (size & mask) != 0) {
      fail("queue size is not a power of two within the limit");
      return false;
    }
    MemorySegment desc =
        resolve(config.descriptorArea(), (long) Vring.DESC_SIZE * size, Vring.DESC_ALIGN);
    MemorySegment availRing =
        resolve(config.driverArea(), Vring.availBytes(size), Vring.AVAIL_ALIGN);
    MemorySegment usedRing = resolve(config.deviceArea(), Vring.usedBytes(size), Vring.USED_ALIGN);
    if (desc == null || availRing == null || usedRing == null) {
      fail("ring is misaligned or outside guest memory");
      return false;
    }
    descriptors = desc;
    avail = availRing;
    used = usedRing;
    Vring.setOpaque(used, Vring.RING_FLAGS, 0);
    return true;
  }

  private @Nullable MemorySegment resolve(long address, long lengthBytes, int alignment) {
    MemorySegment slice = memory.slice(address, lengthBytes);
    return slice == null || slice.address() % alignment != 0 ? null : slice;
  }

  /** Index of the next buffer to take, for a back end that takes over. */
  public int availIndex() {
    return nextAvail;
  }

  /** Index of the next buffer to give back. */
  public int usedIndex() {
    return nextUsed;
  }

  @Override
  public int size() {
    return size;
  }

  // ---- available ring ------------------------------------------------------------------------

  @Override
  public @Nullable DescriptorChain pop() {
    if (broken || (nextAvail == knownAvail && !refresh())) {
      return null;
    }
    int head =
        Vring.getOpaque(
            avail, Vring.RING_START + (long) Vring.AVAIL_ELEM_SIZE * (nextAvail & mask));
    if (head >= size) {
      fail("available ring names a descriptor outside the table");
      return null;
    }
    DescriptorChain chain = chains[head];
    if (chain.inFlight()) {
      fail("available ring names a chain that is in flight");
      return null;
    }
    chain.clear();
    if (!gather(chain, head)) {
      return null;
    }
    chain.setInFlight(true);
    nextAvail = (nextAvail + 1) & 0xffff;
    return chain;
  }

  private boolean refresh() {
    knownAvail = Vring.getAcquire(avail, Vring.RING_IDX);
    int waiting = (knownAvail - nextAvail) & 0xffff;
    if (waiting > size) {
      fail("available index is ahead by more than the queue size");
      return false;
    }
    return waiting > 0;
  }

  /** Walks the chain in the descriptor table; a loop is longer than the table. */
  private boolean gather(DescriptorChain chain, int head) {
    int index = head;
    for (int step = 0; step < size; step++) {
      long at = (long) index * Vring.DESC_SIZE;
      long address = descriptors.get(LE64, at + Vring.DESC_ADDR);
      long word = descriptors.get(LE64, at + Vring.DESC_LEN);
      int flags = flags(word);
      if ((flags & Vring.DESC_F_INDIRECT) != 0) {
        // Only as the last of a chain; its write flag means nothing (2.7.5.3.1, 2.7.5.3.2).
        if (!indirect || (flags & Vring.DESC_F_NEXT) != 0) {
          return failed("indirect descriptor where none may be");
        }
        return gatherIndirect(chain, address, length(word));
      }
      if (!append(chain, address, word)) {
        return false;
      }
      if ((flags & Vring.DESC_F_NEXT) == 0) {
        return true;
      }
      index = next(word);
      if (index >= size) {
        return failed("chain leads outside the descriptor table");
      }
    }
    return failed("descriptor chain has a loop");
  }

  private boolean gatherIndirect(DescriptorChain chain, long address, long lengthBytes) {
    int entries = (int) (lengthBytes / Vring.DESC_SIZE);
    if (lengthBytes == 0 || lengthBytes % Vring.DESC_SIZE != 0 || entries > chainLimit) {
      return failed("indirect table has a bad length");
    }
    // One copy, so that what is checked is what is used.
    if (!memory.read(address, table, 0, lengthBytes)) {
      return failed("indirect table is outside guest memory");
    }
    int index = 0;
    for (int step = 0; step < entries; step++) {
      long at = (long) index * Vring.DESC_SIZE;
      long word = table.get(LE64, at + Vring.DESC_LEN);
      int flags = flags(word);
      if ((flags & Vring.DESC_F_INDIRECT) != 0) {
        return failed("indirect descriptor in an indirect table");
      }
      if (!append(chain, table.get(LE64, at + Vring.DESC_ADDR), word)) {
        return false;
      }
      if ((flags & Vring.DESC_F_NEXT) == 0) {
        return true;
      }
      index = next(word);
      if (index >= entries) {
        return failed("chain leads outside the indirect table");
      }
    }
    return failed("indirect chain has a loop");
  }

  private boolean append(DescriptorChain chain, long address, long word) {
    boolean writable = (flags(word) & Vring.DESC_F_WRITE) != 0;
    if (!writable && chain.hasWritable()) {
      return failed("readable descriptor after a writable one");
    }
    if (!chain.hasRoom()) {
      return failed("descriptor chain is too long");
    }
    chain.add(address, length(word), writable);
    if (chain.readableBytes() + chain.writableBytes() > MAX_CHAIN_BYTES) {
      return failed("descriptor chain has too many bytes");
    }
    return true;
  }

  private static long length(long word) {
    return word & 0xffff_ffffL;
  }

  private static int flags(long word) {
    return (int) (word >>> 32) & 0xffff;
  }

  private static int next(long word) {
    return (int) (word >>> 48);
  }

  @Override
  public boolean hasAvailable() {
    return !broken && Vring.getAcquire(avail, Vring.RING_IDX) != nextAvail;
  }

  @Override
  public void disableKicks() {
    // With EVENT_IDX an avail_event that is left behind is silence enough.
    if (!broken && !eventIdx) {
      Vring.setOpaque(used, Vring.RING_FLAGS, Vring.USED_F_NO_NOTIFY);
    }
  }

  @Override
  public boolean enableKicks() {
    if (broken) {
      return false;
    }
    if (eventIdx) {
      Vring.setOpaque(used, Vring.availEvent(size), nextAvail);
    } else {
      Vring.setOpaque(used, Vring.RING_FLAGS, 0);
    }
    // The driver stores avail.idx, then loads what was stored here (2.7.10.1).
    VarHandle.fullFence();
    return hasAvailable();
  }

  // ---- used ring -----------------------------------------------------------------------------

  @Override
  public void push(DescriptorChain chain, long writtenBytes) {
    if (!chain.inFlight()) {
      throw new IllegalStateException("chain " + chain.id() + " is not in flight");
    }
    chain.setInFlight(false);
    long at = Vring.RING_START + (long) Vring.USED_ELEM_SIZE * (nextUsed & mask);
    used.set(LE32, at, chain.id());
    used.set(LE32, at + 4, (int) writtenBytes);
    nextUsed = (nextUsed + 1) & 0xffff;
    Vring.setRelease(used, Vring.RING_IDX, nextUsed);
  }

  @Override
  public void notifyDriver() {
    if (nextUsed == notifiedUsed) {
      return;
    }
    // The driver stores its wish, then loads used.idx (2.7.7.2).
    VarHandle.fullFence();
    boolean wanted;
    if (eventIdx) {
      int event = Vring.getOpaque(avail, Vring.usedEvent(size));
      // The driver may have had a wish before this side counted: the first is always told.
      wanted = !notifiedOnce || Vring.needEvent(event, nextUsed, notifiedUsed);
    } else {
      int flags = Vring.getOpaque(avail, Vring.RING_FLAGS);
      wanted = (flags & Vring.AVAIL_F_NO_INTERRUPT) == 0;
    }
    notifiedUsed = nextUsed;
    notifiedOnce = true;
    if (wanted) {
      listener.usedBuffers();
    }
  }

  // ---- guest errors --------------------------------------------------------------------------

  @Override
  public void fail(String reason) {
    if (!broken) {
      broken = true;
      listener.broken(reason);
    }
  }

  private boolean failed(String reason) {
    fail(reason);
    return false;
  }
}
