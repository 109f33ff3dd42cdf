package dev.platter.emulator.export.vhostuser;

import dev.platter.aio.loop.BigLock;
import dev.platter.devices.virtio.VirtioDevice;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Access to the device beside its queues: features and the configuration space. Calls run under the
 * big lock where there is one, except those that may wait for the disk. Values that the front-end
 * has written stay through another negotiation of features, which a front-end makes when it stops
 * and continues. The guest does not notice that, and relies on the cache mode that it has set.
 */
final class DeviceControl {
  /** The longest configuration space that a message carries. */
  static final int MAX_CONFIG_BYTES = 256;

  private final VirtioDevice device;
  private final @Nullable BigLock lock;
  private final byte[] written = new byte[MAX_CONFIG_BYTES];
  private final BitSet isWritten = new BitSet();
  private boolean active;
  private long features;

  DeviceControl(VirtioDevice device, @Nullable BigLock lock) {
    this.device = device;
    this.lock = lock;
  }

  private void locked(Runnable body) {
    if (lock == null) {
      body.run();
      return;
    }
    lock.lock();
    try {
      body.run();
    } finally {
      lock.unlock();
    }
  }

  /** The virtio features that are offered, the transport's included. */
  long offered() {
    return device.features() | VhostUserFeatures.TRANSPORT;
  }

  /** The features that were taken, without those of the protocol itself. */
  long features() {
    return features;
  }

  /** Takes features; no queue is at work if they change. */
  void activate(long taken) {
    if (active && taken == features) {
      return;
    }
    features = taken;
    active = true;
    locked(() -> {
      device.activate(taken);
      isWritten.stream().forEach(i -> device.restoreConfig(i, 1, written[i] & 0xff));
    });
  }

  /** Whether features were taken. */
  boolean isActive() {
    return active;
  }

  /** Reads the configuration space, zeroes beyond its end. */
  void readConfig(int offset, byte[] into) {
    locked(() -> {
      for (int i = 0; i < into.length; i++) {
        into[i] = (byte) device.readConfig(offset + i, 1);
      }
    });
  }

  /**
   * Writes the configuration space. May wait for the disk.
   *
   * @return whether the space now equals {@code from}; read-only fields keep their values
   */
  boolean writeConfig(int offset, byte[] from) {
    for (int i = 0; i < from.length; i++) {
      device.writeConfig(offset + i, 1, from[i] & 0xff);
    }
    byte[] now = new byte[from.length];
    readConfig(offset, now);
    for (int i = 0; i < from.length; i++) {
      if (now[i] == from[i]) {
        written[offset + i] = from[i];
        isWritten.set(offset + i);
      }
    }
    return Arrays.equals(now, from);
  }

  /** Takes over a byte that an earlier back-end was told, unless this back-end was told another. */
  void restore(int offset, byte value) {
    if (offset >= MAX_CONFIG_BYTES || isWritten.get(offset)) {
      return;
    }
    written[offset] = value;
    isWritten.set(offset);
    if (active) {
      locked(() -> device.restoreConfig(offset, 1, value & 0xff));
    }
  }

  /** Saves the front-end's writes for a later back-end. */
  void saveTo(ConfigRecord record) {
    isWritten.stream().forEach(i -> record.save(i, written[i]));
  }

  /** Puts the device back to its first state; no queue is at work. */
  void reset() {
    active = false;
    features = 0;
    isWritten.clear();
    locked(device::reset);
  }
}
