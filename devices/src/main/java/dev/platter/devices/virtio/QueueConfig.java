package dev.platter.devices.virtio;

/**
 * The place of a virtqueue, as the driver set it up; nothing in it has been checked.
 *
 * @param size queue size in descriptors
 * @param descriptorArea guest physical address of the descriptor table, or ring
 * @param driverArea guest physical address of the available ring, or driver event suppression
 * @param deviceArea guest physical address of the used ring, or device event suppression
 * @param availIndex where to take the first buffer: 0, or where another back end has stopped
 * @param availWrap the driver's ring wrap counter there; means nothing in a split ring
 * @param usedIndex where to give the first buffer back, or {@link #FROM_RING}: the same as {@code
 *     availIndex} if none was in flight
 * @param usedWrap the device's ring wrap counter there; means nothing in a split ring
 */
public record QueueConfig(
    int size,
    long descriptorArea,
    long driverArea,
    long deviceArea,
    int availIndex,
    boolean availWrap,
    int usedIndex,
    boolean usedWrap) {
  /** As a split ring's {@link #usedIndex}: what the used ring in guest memory says. */
  public static final int FROM_RING = -1;

  private static final int PACKED_INDEX = 0x7fff;
  private static final int PACKED_WRAP = 0x8000;

  /** A queue that nobody has used yet. */
  public static QueueConfig fresh(int size, long descriptorArea, long driverArea, long deviceArea) {
    return new QueueConfig(size, descriptorArea, driverArea, deviceArea, 0, true, 0, true);
  }

  /**
   * The same queue, as a split ring that goes on.
   *
   * @param base the avail index, as {@link DeviceRing#vringBase} tells it
   */
  public QueueConfig withSplitBase(int base) {
    return new QueueConfig(
        size, descriptorArea, driverArea, deviceArea, base & 0xffff, true, FROM_RING, true);
  }

  /**
   * The same queue, as a packed ring that goes on.
   *
   * @param base both positions and wrap counters, as {@link DeviceRing#vringBase} tells them. Some
   *     drivers' front-ends know the first alone, and leave the upper half zero: nothing is in
   *     flight in a ring that is set up, so both are the same
   */
  public QueueConfig withPackedBase(int base) {
    int used = base >>> 16 == 0 ? base : base >>> 16;
    return new QueueConfig(
        size,
        descriptorArea,
        driverArea,
        deviceArea,
        base & PACKED_INDEX,
        (base & PACKED_WRAP) != 0,
        used & PACKED_INDEX,
        (used & PACKED_WRAP) != 0);
  }
}
