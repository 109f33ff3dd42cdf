package dev.platter.devices.virtio;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * The device status field (2.1). The driver adds bits in the order of 3.1.1; the device adds {@link
 * #NEEDS_RESET}, from whichever thread runs the queue that failed, so the field is atomic.
 */
public final class DeviceStatus {
  /** The guest has noticed the device. */
  public static final int ACKNOWLEDGE = 1;

  /** The guest can drive the device. */
  public static final int DRIVER = 2;

  /** The driver is set up: queues are live. */
  public static final int DRIVER_OK = 4;

  /** Both sides agree on the features. */
  public static final int FEATURES_OK = 8;

  /** The device has met an error that only a reset clears. */
  public static final int NEEDS_RESET = 0x40;

  /** The guest has given up on the device. */
  public static final int FAILED = 0x80;

  private final AtomicInteger bits = new AtomicInteger();

  /** The field as the driver reads it. */
  public int get() {
    return bits.get();
  }

  /** Whether every bit of {@code mask} is set. */
  public boolean has(int mask) {
    return (bits.get() & mask) == mask;
  }

  /**
   * A non-zero write by the driver. A bit cannot be cleared but by a reset; FEATURES_OK stays clear
   * unless the driver is known and the features are acceptable; DRIVER_OK stays clear before
   * FEATURES_OK has been set.
   *
   * @param value the value written
   * @param featuresAcceptable whether the device can work with the acknowledged features
   * @return the bits that this write has set
   */
  public int driverWrites(int value, boolean featuresAcceptable) {
    int old = bits.get();
    int added = value & ~old & (ACKNOWLEDGE | DRIVER | DRIVER_OK | FEATURES_OK | FAILED);
    boolean driverKnown = ((old | added) & DRIVER) != 0;
    if (!driverKnown || !featuresAcceptable) {
      added &= ~FEATURES_OK;
    }
    if ((old & FEATURES_OK) == 0) {
      added &= ~DRIVER_OK;
    }
    bits.getAndAccumulate(added, (current, more) -> current | more);
    return added;
  }

  /**
   * The device has failed (2.1.2). Any thread.
   *
   * @return whether the bit is new, so that the driver needs a configuration change notification
   */
  public boolean needsReset() {
    int old = bits.getAndAccumulate(NEEDS_RESET, (current, more) -> current | more);
    return (old & NEEDS_RESET) == 0 && (old & DRIVER_OK) != 0;
  }

  /** Resets the field to 0, when nothing can call {@link #needsReset} any more. */
  public void reset() {
    bits.set(0);
  }
}
