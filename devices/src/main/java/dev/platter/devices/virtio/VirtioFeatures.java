package dev.platter.devices.virtio;

/**
 * Feature bits that belong to no device type (section 6), as masks, and their negotiation (2.2).
 */
public final class VirtioFeatures {
  /** Buffers may be described by a table outside the ring (2.7.5.3, 2.8.7). */
  public static final long INDIRECT_DESC = 1L << 28;

  /**
   * Each side tells the other at which index it wants the next notification (2.7.7, 2.7.10,
   * 2.8.10).
   */
  public static final long EVENT_IDX = 1L << 29;

  /** The device is not a legacy device. */
  public static final long VERSION_1 = 1L << 32;

  /** The device reaches memory as the platform says, which may translate addresses (6). */
  public static final long ACCESS_PLATFORM = 1L << 33;

  /** The virtqueues are packed (2.8). */
  public static final long RING_PACKED = 1L << 34;

  /** What {@link SplitVirtQueue} can do, and version 1. */
  public static final long SPLIT_RING = INDIRECT_DESC | EVENT_IDX | VERSION_1;

  /** What {@link DeviceRing} can do, whichever layout the driver takes, and version 1. */
  public static final long SPLIT_AND_PACKED = SPLIT_RING | RING_PACKED;

  private VirtioFeatures() {}

  /**
   * Whether a driver's choice can be accepted with FEATURES_OK: only offered features, among them
   * version 1, as this device has no legacy interface (2.2.2, 6.2).
   */
  public static boolean acceptable(long offered, long acknowledged) {
    return (acknowledged & ~offered) == 0 && (acknowledged & VERSION_1) != 0;
  }
}
