package dev.platter.devices.virtio;

import static dev.platter.devices.virtio.Vring.LE32;
import static dev.platter.devices.virtio.Vring.LE64;

import dev.platter.devices.memory.GuestMemory;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The device side of a split virtqueue (2.7).
 *
 * <p>Memory order: the driver releases avail.idx after a buffer and this side acquires it before;
 * this side releases used.idx after an element. Where one side stores its index and then loads the
 * other's event field, a full fence stands between, on both sides, or both may decide that the
 * other has seen it.
 */
public final class SplitVirtQueue extends AbstractRing {
  private MemorySegment descriptors = MemorySegment.NULL;
  private MemorySegment avail = MemorySegment.NULL;
  private MemorySegment used = MemorySegment.NULL;
  private @Nullable SplitInflight inflight;
  private int mask;
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
   * @param maxSize the largest queue size to accept
   * @param listener told of interrupts and guest errors
   */
  public SplitVirtQueue(GuestMemory memory, int maxSize, QueueListener listener) {
    super(memory, maxSize, listener);
  }

  @Override
  @Nullable String open(QueueConfig config, @Nullable InflightMemory record) {
    mask = size - 1;
    if (size <= 0 || size > maxSize || (size & mask) != 0) {
      return "queue size is not a power of two within the limit";
    }
    MemorySegment desc =
        resolve(config.descriptorArea(), (long) Vring.DESC_SIZE * size, Vring.DESC_ALIGN);
    MemorySegment availRing =
        resolve(config.driverArea(), Vring.availBytes(size), Vring.AVAIL_ALIGN);
    MemorySegment usedRing = resolve(config.deviceArea(), Vring.usedBytes(size), Vring.USED_ALIGN);
    if (desc == null || availRing == null || usedRing == null) {
      return "ring is misaligned or outside guest memory";
    }
    descriptors = desc;
    avail = availRing;
    used = usedRing;
    nextAvail = config.availIndex() & 0xffff;
    boolean fromRing = config.usedIndex() == QueueConfig.FROM_RING;
    nextUsed = fromRing ? Vring.getAcquire(used, Vring.RING_IDX) : config.usedIndex() & 0xffff;
    notifiedUsed = nextUsed;
    notifiedOnce = false;
    inflight = null;
    String wrong = record == null ? null : resume(new SplitInflight(record));
    knownAvail = nextAvail;
    Vring.setOpaque(used, Vring.RING_FLAGS, 0);
    return wrong;
  }

  private @Nullable String resume(SplitInflight record) {
    int ringIndex = Vring.getAcquire(used, Vring.RING_IDX);
    String wrong = record.open(size, ringIndex);
    if (wrong == null && record.resumed()) {
      setLeft(record.heads());
      nextUsed = ringIndex;
      nextAvail = (ringIndex + record.heads().length) & 0xffff;
      // The process that used the last buffer may have died before it told the driver.
      notifiedUsed = (nextUsed - 1) & 0xffff;
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
    return true;
  }

  @Override
  public int nextUsed() {
    return nextUsed;
  }

  @Override
  public boolean usedWrap() {
    return true;
  }

  @Override
  public int vringBase() {
    return nextAvail;
  }

  // ---- available ring ------------------------------------------------------------------------

  @Override
  public @Nullable DescriptorChain pop() {
    if (broken) {
      return null;
    }
    if (hasLeft()) {
      return take(takeLeft());
    }
    if (nextAvail == knownAvail && !refresh()) {
      return null;
    }
    int head =
        Vring.getOpaque(
            avail, Vring.RING_START + (long) Vring.AVAIL_ELEM_SIZE * (nextAvail & mask));
    if (head >= size) {
      fail("available ring names a descriptor outside the table");
      return null;
    }
    DescriptorChain chain = take(head);
    if (chain != null) {
      nextAvail = (nextAvail + 1) & 0xffff;
      if (inflight != null) {
        inflight.take(head);
      }
    }
    return chain;
  }

  private @Nullable DescriptorChain take(int head) {
    DescriptorChain chain = chain(head);
    if (chain == null || !gather(chain, head)) {
      return null;
    }
    chain.setInFlight(true);
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
        // A table must be the last of a chain; its write flag is ignored (2.7.5.3.1, 2.7.5.3.2).
        if (!indirect || (flags & Vring.DESC_F_NEXT) != 0) {
          return failed("indirect descriptor where none may be");
        }
        return gatherIndirect(chain, address, length(word));
      }
      if (!append(chain, address, length(word), writable(word))) {
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
    int entries = copyTable(address, lengthBytes);
    if (entries == 0) {
      return false;
    }
    int index = 0;
    for (int step = 0; step < entries; step++) {
      long at = (long) index * Vring.DESC_SIZE;
      long word = table.get(LE64, at + Vring.DESC_LEN);
      int flags = flags(word);
      if ((flags & Vring.DESC_F_INDIRECT) != 0) {
        return failed("indirect descriptor in an indirect table");
      }
      long element = table.get(LE64, at + Vring.DESC_ADDR);
      if (!append(chain, element, length(word), writable(word))) {
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

  private static int flags(long word) {
    return (int) (word >>> 32) & 0xffff;
  }

  private static boolean writable(long word) {
    return (flags(word) & Vring.DESC_F_WRITE) != 0;
  }

  private static int next(long word) {
    return (int) (word >>> 48);
  }

  @Override
  public boolean hasAvailable() {
    return !broken && (hasLeft() || Vring.getAcquire(avail, Vring.RING_IDX) != nextAvail);
  }

  @Override
  public void disableKicks() {
    // With EVENT_IDX, an avail_event that lies behind already suppresses doorbells.
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
    land(chain);
    long at = Vring.RING_START + (long) Vring.USED_ELEM_SIZE * (nextUsed & mask);
    used.set(LE32, at, chain.id());
    used.set(LE32, at + 4, (int) writtenBytes);
    nextUsed = (nextUsed + 1) & 0xffff;
    SplitInflight record = inflight;
    if (record != null) {
      record.giving(chain.id());
    }
    Vring.setRelease(used, Vring.RING_IDX, nextUsed);
    if (record != null) {
      record.given(chain.id(), nextUsed);
    }
  }

  @Override
  public boolean remembers() {
    return inflight != null;
  }

  @Override
  public void notifyDriver() {
    if (nextUsed == notifiedUsed) {
      return;
    }
    // The driver stores used_event, then loads used.idx (2.7.7.2).
    VarHandle.fullFence();
    boolean wanted;
    if (eventIdx) {
      int event = Vring.getOpaque(avail, Vring.usedEvent(size));
      // The driver may have set used_event before this side counted: the first buffer always
      // interrupts.
      wanted = !notifiedOnce || Vring.needEvent(event, nextUsed, notifiedUsed);
    } else {
      int flags = Vring.getOpaque(avail, Vring.RING_FLAGS);
      wanted = (flags & Vring.AVAIL_F_NO_INTERRUPT) == 0;
    }
    notifiedUsed = nextUsed;
    notifiedOnce = true;
    if (wanted) {
      interrupt();
    }
  }
}
