package dev.platter.devices.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.driver.DriverQueue;
import dev.platter.devices.driver.GuestAllocator;
import dev.platter.devices.driver.PackedDriverQueue;
import dev.platter.devices.driver.SplitDriverQueue;
import dev.platter.devices.testkit.DirectCpu;
import org.jspecify.annotations.Nullable;

/** A ring of either layout with both its sides, on one thread, and what a transport was told. */
final class RingRig implements QueueListener, AutoCloseable {
  static final long RAM = 1 << 20;

  /** Guest memory that no queue lies in. */
  static final long BUFFERS = 0x80000;

  final DirectCpu cpu = new DirectCpu(new DirectCpu.Ram(0, RAM));
  final boolean packed;
  final long features;
  final DriverQueue driver;
  DeviceRing device;
  int interrupts;
  @Nullable String broken;

  RingRig(boolean packed, int size, long features) {
    this.packed = packed;
    this.features = features | (packed ? VirtioFeatures.RING_PACKED : 0);
    GuestAllocator allocator = new GuestAllocator(0x1000, BUFFERS - 0x1000);
    boolean eventIdx = (features & VirtioFeatures.EVENT_IDX) != 0;
    driver =
        packed
            ? new PackedDriverQueue(cpu.memory(), allocator, size, eventIdx)
            : new SplitDriverQueue(cpu.memory(), allocator, size, eventIdx);
    device = newDevice();
  }

  /** A device side that knows nothing. */
  DeviceRing newDevice() {
    return DeviceRing.create(cpu.memory(), driver.size(), features, this);
  }

  QueueConfig fresh() {
    return QueueConfig.fresh(
        driver.size(), driver.descriptorArea(), driver.driverArea(), driver.deviceArea());
  }

  /** Where the device side would go on by {@link DeviceRing#vringBase}. */
  QueueConfig from(int base) {
    return packed ? fresh().withPackedBase(base) : fresh().withSplitBase(base);
  }

  void start() {
    assertThat(device.start(fresh(), features)).isTrue();
  }

  /** Empties the ring in the driver's eyes, with both positions shortly before it turns. */
  int startNearTheEnd() {
    int base = 0xfffe;
    if (driver instanceof PackedDriverQueue queue) {
      int index = driver.size() - 1;
      queue.startAt(index, false);
      base = index | index << 16;
    } else if (driver instanceof SplitDriverQueue queue) {
      queue.startAt(base);
    }
    return base;
  }

  @Override
  public void usedBuffers() {
    interrupts++;
  }

  @Override
  public void broken(String reason) {
    broken = reason;
  }

  void assertBroken(String why) {
    assertThat(device.pop()).isNull();
    assertThat(broken).contains(why);
    assertThat(device.hasAvailable()).isFalse();
    assertThat(device.enableKicks()).isFalse();
  }

  @Override
  public void close() {
    cpu.close();
  }
}
