package dev.platter.emulator.export.vhostuser;

import dev.platter.aio.loop.BigLock;
import dev.platter.devices.virtio.VirtioDevice;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * What is asked of the device but for its queues: features and the configuration space. Under the
 * big lock where there is one, but for what may wait for the disk. Keeps what the front-end has
 * written there through another negotiation of features, which front-ends that stop and continue
 * make: the guest, who knows nothing of it, relies on the cache mode that it has set.
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

  /** Those that were taken, but for the protocol's own. */
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
   * @return whether it is now as it was to be; read-only fields stay what they are
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

  /** Takes over what a back-end before this one was told, where this one was not told anything. */
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

  /** Saves what the front-end has written, for a back-end after this one. */
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
