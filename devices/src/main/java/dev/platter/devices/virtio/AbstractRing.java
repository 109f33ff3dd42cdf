package dev.platter.devices.virtio;

import dev.platter.devices.memory.GuestMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** What rings of both layouts have in common: their chains, what a chain may be, and breaking. */
abstract class AbstractRing implements DeviceRing {
  /** {@code struct virtq_desc} and {@code struct pvirtq_desc} are of one size and alignment. */
  static final int DESC_SIZE = Vring.DESC_SIZE;

  private static final int[] NOTHING = {};

  /**
   * Drivers may use tables longer than a small ring; the block device's seg_max is at least 126.
   */
  private static final int MIN_CHAIN_LIMIT = 128;

  /** A chain is at most 2^32 bytes long (2.7.4.2). */
  private static final long MAX_CHAIN_BYTES = 1L << 32;

  final int maxSize;
  final DescriptorChain[] chains;
  final MemorySegment table;

  private final GuestMemory memory;
  private final QueueListener listener;
  private final int chainLimit;

  int size;
  boolean indirect;
  boolean eventIdx;
  boolean broken = true;
  private int[] left = NOTHING;
  private int nextLeft;

  AbstractRing(GuestMemory memory, int maxSize, QueueListener listener) {
    this.memory = memory;
    this.maxSize = maxSize;
    this.listener = listener;
    this.chainLimit = Math.max(maxSize, MIN_CHAIN_LIMIT);
    this.chains = new DescriptorChain[maxSize];
    ChainElements elements = new ChainElements(chainLimit);
    for (int i = 0; i < maxSize; i++) {
      chains[i] = new DescriptorChain(memory, i, elements);
    }
    this.table = Arena.ofAuto().allocate((long) chainLimit * DESC_SIZE, Vring.DESC_ALIGN);
  }

  // ---- starting ------------------------------------------------------------------------------

  @Override
  public final boolean start(QueueConfig config, long features, @Nullable InflightRegion inflight) {
    return startOn(config, features, inflight == null ? null : new InflightMemory(inflight));
  }

  final boolean startOn(QueueConfig config, long features, @Nullable InflightMemory record) {
    size = config.size();
    indirect = (features & VirtioFeatures.INDIRECT_DESC) != 0;
    eventIdx = (features & VirtioFeatures.EVENT_IDX) != 0;
    for (DescriptorChain chain : chains) {
      chain.setInFlight(false);
    }
    left = NOTHING;
    nextLeft = 0;
    broken = false;
    String wrong = open(config, record);
    return wrong == null || failed(wrong);
  }

  /**
   * Finds the ring in guest memory and its positions.
   *
   * @return what is wrong with the set-up, or null
   */
  abstract @Nullable String open(QueueConfig config, @Nullable InflightMemory record);

  /** A part of the ring, or null if it is misaligned or outside guest memory. */
  final @Nullable MemorySegment resolve(long address, long lengthBytes, int alignment) {
    MemorySegment slice = memory.slice(address, lengthBytes);
    return slice == null || slice.address() % alignment != 0 ? null : slice;
  }

  // ---- what a dead process has left ----------------------------------------------------------

  /** Sets what {@link #takeLeft} gives, one after the other. */
  final void setLeft(int[] entries) {
    left = entries;
    nextLeft = 0;
  }

  final boolean hasLeft() {
    return nextLeft < left.length;
  }

  final int takeLeft() {
    return left[nextLeft++];
  }

  @Override
  public final boolean isIdle() {
    for (DescriptorChain chain : chains) {
      if (chain.inFlight()) {
        return false;
      }
    }
    return !hasLeft();
  }

  // ---- chains --------------------------------------------------------------------------------

  /** An empty chain, or null, having failed, if the driver uses this id for another buffer. */
  final @Nullable DescriptorChain chain(int id) {
    DescriptorChain chain = chains[id];
    if (chain.inFlight()) {
      fail("available ring names a chain that is in flight");
      return null;
    }
    chain.clear();
    return chain;
  }

  /**
   * Copies an indirect table, so that what is checked is what is used.
   *
   * @return how many descriptors it has; 0, having failed, if it is none
   */
  final int copyTable(long address, long lengthBytes) {
    int entries = (int) (lengthBytes / DESC_SIZE);
    if (lengthBytes == 0 || lengthBytes % DESC_SIZE != 0 || entries > chainLimit) {
      fail("indirect table has a bad length");
      return 0;
    }
    if (!memory.read(address, table, 0, lengthBytes)) {
      fail("indirect table is outside guest memory");
      return 0;
    }
    return entries;
  }

  final boolean append(DescriptorChain chain, long address, long lengthBytes, boolean writable) {
    if (!writable && chain.hasWritable()) {
      return failed("readable descriptor after a writable one");
    }
    if (!chain.hasRoom()) {
      return failed("descriptor chain is too long");
    }
    chain.add(address, lengthBytes, writable);
    if (chain.readableBytes() + chain.writableBytes() > MAX_CHAIN_BYTES) {
      return failed("descriptor chain has too many bytes");
    }
    return true;
  }

  /** The length in a descriptor's second word, in either layout. */
  static long length(long word) {
    return word & 0xffff_ffffL;
  }

  /** Ends a chain's flight, which {@link #push} is called for once. */
  static void land(DescriptorChain chain) {
    if (!chain.inFlight()) {
      throw new IllegalStateException("chain " + chain.id() + " is not in flight");
    }
    chain.setInFlight(false);
  }

  @Override
  public final int size() {
    return size;
  }

  // ---- events --------------------------------------------------------------------------------

  final void interrupt() {
    listener.usedBuffers();
  }

  @Override
  public final void fail(String reason) {
    if (!broken) {
      broken = true;
      listener.broken(reason);
    }
  }

  final boolean failed(String reason) {
    fail(reason);
    return false;
  }
}
