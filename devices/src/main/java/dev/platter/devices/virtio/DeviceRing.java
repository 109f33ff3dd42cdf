package dev.platter.devices.virtio;

import dev.platter.devices.memory.GuestMemory;
import org.jspecify.annotations.Nullable;

/**
 * A virtqueue as a transport sees it: adds the start, at the place that the driver has set up, and
 * the positions, from which another process can go on.
 *
 * <p>From {@link #start} until its user stops, a ring belongs to one thread; other threads may read
 * the positions after they have waited for that.
 */
public interface DeviceRing extends VirtQueue {
  /**
   * Creates a ring of the layout that was negotiated, not started.
   *
   * @param memory where the ring and its buffers are
   * @param maxSize the largest queue size to accept, at most {@link Vring#MAX_SIZE}
   * @param features the negotiated features
   * @param listener told of interrupts and guest errors
   */
  static DeviceRing create(GuestMemory memory, int maxSize, long features, QueueListener listener) {
    return (features & VirtioFeatures.RING_PACKED) != 0
        ? new PackedVirtQueue(memory, maxSize, listener)
        : new SplitVirtQueue(memory, maxSize, listener);
  }

  /**
   * Starts the ring, forgetting whatever this object had in flight before. Allocates.
   *
   * @param config where the driver has put it
   * @param features the negotiated features; VERSION_1 may be missing, as a legacy driver's ring in
   *     little-endian is the same split ring
   * @param inflight the record of what is in flight, kept where it outlives this process, or null
   *     for none. What a dead process has left in it comes first out of {@link #pop}, in the order
   *     in which that process has taken it; the ring's positions then come from the record and the
   *     ring, not from {@code config}. A ring that is stopped before all of it was popped leaves
   *     the rest in the record
   * @return false, after telling the listener, if the driver's set-up, or the record, makes no
   *     sense
   */
  boolean start(QueueConfig config, long features, @Nullable InflightRegion inflight);

  /** Starts the ring without a record of what is in flight. */
  default boolean start(QueueConfig config, long features) {
    return start(config, features, null);
  }

  /**
   * Whether all buffers were given back, both those that were taken and those that the record had
   * at the start.
   */
  boolean isIdle();

  /**
   * Where the next buffer will be taken: the free-running 16-bit index of a split ring, a
   * descriptor's place in a packed one.
   */
  int nextAvail();

  /** The driver's ring wrap counter at {@link #nextAvail} (2.8.1); true in a split ring. */
  boolean availWrap();

  /** The position at which the next buffer will be given back, counted as {@link #nextAvail} is. */
  int nextUsed();

  /** The device's ring wrap counter at {@link #nextUsed} (2.8.1); true in a split ring. */
  boolean usedWrap();

  /**
   * The same as vhost-user's "vring base": a split ring's avail index; a packed ring's place to
   * take from in bits 0-14 and its wrap counter in 15, to give back to in 16-30 and 31.
   *
   * @see QueueConfig#withSplitBase
   * @see QueueConfig#withPackedBase
   */
  int vringBase();
}
