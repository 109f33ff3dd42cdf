package dev.platter.devices.virtio;

/**
 * Where a virtqueue is, as the driver set it up; nothing in it has been checked.
 *
 * @param size queue size in descriptors
 * @param descriptorArea guest physical address of the descriptor table
 * @param driverArea guest physical address of the available ring
 * @param deviceArea guest physical address of the used ring
 * @param availIndex index of the first buffer to take: 0, or where another back end has stopped
 * @param usedIndex index of the first buffer to give back: the same if none was in flight
 */
public record QueueConfig(
    int size,
    long descriptorArea,
    long driverArea,
    long deviceArea,
    int availIndex,
    int usedIndex) {
  /** A queue that nobody has used yet. */
  public static QueueConfig fresh(int size, long descriptorArea, long driverArea, long deviceArea) {
    return new QueueConfig(size, descriptorArea, driverArea, deviceArea, 0, 0);
  }
}
