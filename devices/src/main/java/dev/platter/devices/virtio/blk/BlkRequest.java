package dev.platter.devices.virtio.blk;

import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.virtio.DescriptorChain;
import org.jspecify.annotations.Nullable;

/**
 * The slot of one virtio request: which chain it answers, and for requests of several segments, how
 * far it has got. A queue has one for each chain id.
 */
final class BlkRequest extends BlockRequest {
  private static final int INITIAL_VECTOR_ENTRIES = 8;

  /** Completed, and not told of yet; {@link QueueTracing}'s. */
  boolean awaitsInterrupt;

  private final BlkQueue queue;
  private @Nullable DescriptorChain chain;
  private long writtenOnSuccess;
  // Byte ranges still to do, made at the slot's first discard or write of zeroes.
  private long @Nullable [] offsets;
  private long @Nullable [] lengths;
  private boolean @Nullable [] mayUnmap;
  private int segments;
  private int nextSegment;
  private boolean discard;
  private boolean cached;

  BlkRequest(BlkQueue queue) {
    super(INITIAL_VECTOR_ENTRIES);
    this.queue = queue;
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

  /** Adds a range to discard or zero. */
  void addSegment(long offsetBytes, long lengthBytes, boolean unmap) {
    if (offsets == null || lengths == null || mayUnmap == null) {
      offsets = new long[BlkConfig.MAX_SEGMENTS];
      lengths = new long[BlkConfig.MAX_SEGMENTS];
      mayUnmap = new boolean[BlkConfig.MAX_SEGMENTS];
    }
    offsets[segments] = offsetBytes;
    lengths[segments] = lengthBytes;
    mayUnmap[segments] = unmap;
    segments++;
  }

  /** Says what the segments are for. */
  void segmentsAre(boolean discard) {
    this.discard = discard;
  }

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
    if (nextSegment < segments && offsets != null && lengths != null && mayUnmap != null) {
      int i = nextSegment++;
      if (discard) {
        prepareDiscard(offsets[i], lengths[i]);
      } else {
        prepareWriteZeroes(offsets[i], lengths[i], mayUnmap[i]);
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

  @Override
  protected void completed(int result) {
    queue.completed(this, result);
  }
}
