package dev.platter.devices.virtio.blk;

import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.virtio.DescriptorChain;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * The slot of one virtio request: which chain it answers, and for requests of several segments, how
 * far it has got. A queue has one for each chain id.
 */
final class BlkRequest extends BlockRequest {
  private static final ValueLayout.OfInt LE32 =
      ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LE64 =
      ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Completed, and not told of yet; {@link QueueTracing}'s. */
  boolean awaitsInterrupt;

  private final BlkQueue queue;
  private @Nullable DescriptorChain chain;
  private long writtenOnSuccess;
  private @Nullable SlotEntries entries;
  private MemorySegment own = MemorySegment.NULL;
  private @Nullable MemorySegment chunk;
  // How many entries are segments, checked, that are to be discarded or zeroed.
  private int segments;
  private int nextSegment;
  private boolean discard;
  private boolean cached;

  BlkRequest(BlkQueue queue) {
    this.queue = queue;
  }

  /** Gets the memory for its entries, until {@link #detach}. */
  void attach(SlotEntries all, int slot) {
    entries = all;
    own = all.own(slot);
    chunk = null;
    vector().use(own);
  }

  /** Its entries are about to be freed. */
  void detach() {
    entries = null;
    own = MemorySegment.NULL;
    chunk = null;
    vector().use(own);
  }

  /**
   * Takes a chain.
   *
   * @param writtenOnSuccess how many writable bytes, status included, a success will have written
   */
  void take(DescriptorChain chain, long writtenOnSuccess) {
    this.chain = chain;
    this.writtenOnSuccess = writtenOnSuccess;
    segments = 0;
    nextSegment = 0;
    cached = false;
    vector().clear();
  }

  DescriptorChain chain() {
    if (chain == null) {
      throw new IllegalStateException("slot has no chain");
    }
    return chain;
  }

  long writtenOnSuccess() {
    return writtenOnSuccess;
  }

  // ---- entries -------------------------------------------------------------------------------

  /** Whether it has a chunk. */
  boolean hasChunk() {
    return chunk != null;
  }

  /**
   * Takes a chunk, in which its entries lie from now on; the vector is empty again.
   *
   * @return false if there is none
   */
  boolean takeChunk() {
    SlotEntries all = entries;
    if (all == null || !all.hasChunk()) {
      return false;
    }
    MemorySegment taken = all.take();
    chunk = taken;
    vector().use(taken);
    return true;
  }

  /** Gives its chunk back, if it has one; its request is done. */
  void giveChunk() {
    if (chunk != null && entries != null) {
      entries.give(chunk);
      chunk = null;
      vector().use(own);
    }
  }

  /** Where segments lie: 16 bytes each, as in the guest's request. */
  MemorySegment segmentSpace() {
    return chunk == null ? own : chunk;
  }

  /**
   * Says how many segments there are, which were checked, and what they are for.
   *
   * @param discard whether to discard, or to write zeroes
   */
  void segmentsAre(int count, boolean discard) {
    this.segments = count;
    this.discard = discard;
    this.cached = !discard;
  }

  // ---- steps ---------------------------------------------------------------------------------

  /** Says whether what it writes may be in the backend's write cache when it is done. */
  void setCached(boolean cached) {
    this.cached = cached;
  }

  /**
   * Prepares the next step, if there is one.
   *
   * @param writesThrough whether a write must be stable before it completes, as of now: the guest
   *     may have switched that while this one was in flight
   */
  boolean prepareNext(boolean writesThrough) {
    while (nextSegment < segments) {
      long at = (long) BlkAbi.SEGMENT_BYTES * nextSegment++;
      MemorySegment space = segmentSpace();
      long offset = space.get(LE64, at) * BlkAbi.SECTOR_BYTES;
      long sectors = space.get(LE32, at + BlkAbi.SEGMENT_NUM_SECTORS) & 0xffff_ffffL;
      if (sectors == 0) {
        continue;
      }
      if (discard) {
        prepareDiscard(offset, sectors * BlkAbi.SECTOR_BYTES);
      } else {
        int flags = space.get(LE32, at + BlkAbi.SEGMENT_FLAGS);
        boolean unmap = (flags & BlkAbi.SEGMENT_F_UNMAP) != 0;
        prepareWriteZeroes(offset, sectors * BlkAbi.SECTOR_BYTES, unmap);
      }
      return true;
    }
    if (cached && writesThrough) {
      cached = false;
      prepareFlush();
      return true;
    }
    return false;
  }

  /**
   * The queue stops: segments that are not begun are left out.
   *
   * @param result of the one before
   * @return the same; {@code -ECANCELED} if zeroes were left out, which are no advice
   */
  int dropSegments(int result) {
    boolean left = nextSegment < segments;
    nextSegment = segments;
    return result == 0 && left && !discard ? -Errno.ECANCELED : result;
  }

  @Override
  protected void completed(int result) {
    queue.completed(this, result);
  }
}
