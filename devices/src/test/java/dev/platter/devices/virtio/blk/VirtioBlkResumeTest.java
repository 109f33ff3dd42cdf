package dev.platter.devices.virtio.blk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.event.EventNotifier;
import dev.platter.devices.driver.DriverQueue;
import dev.platter.devices.driver.GuestAllocator;
import dev.platter.devices.driver.PackedDriverQueue;
import dev.platter.devices.driver.SplitDriverQueue;
import dev.platter.devices.virtio.DeviceRing;
import dev.platter.devices.virtio.InflightRegion;
import dev.platter.devices.virtio.QueueConfig;
import dev.platter.devices.virtio.QueueListener;
import dev.platter.devices.virtio.VirtioFeatures;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A disk goes on with what a process that was killed has left in flight, without a doorbell. */
class VirtioBlkResumeTest {
  private static final int SIZE = 16;
  private static final int SLOT_BYTES = 1024;
  private static final int DATA = 64;
  private static final int STATUS = 48;

  private final BlkRig rig = new BlkRig();
  private final Arena arena = Arena.ofConfined();
  private final EventNotifier doorbell = new EventNotifier();
  private int interrupts;

  private final QueueListener listener =
      new QueueListener() {
        @Override
        public void usedBuffers() {
          interrupts++;
        }

        @Override
        public void broken(String reason) {
          throw new AssertionError(reason);
        }
      };

  @AfterEach
  void close() {
    rig.close();
    doorbell.close(); // after what watches it
    arena.close();
  }

  private static long slot(int number) {
    return BlkRig.BUFFER + (long) number * SLOT_BYTES;
  }

  private void offerWrite(DriverQueue driver, int number) {
    long slot = slot(number);
    rig.cpu.memory().writeInt(slot, BlkAbi.T_OUT);
    rig.cpu.memory().writeLong(slot + BlkAbi.HEADER_SECTOR, number);
    rig.cpu.memory().writeByte(slot + STATUS, 0xff);
    rig.fill(slot + DATA, 512, number);
    driver.add(slot, BlkAbi.HEADER_BYTES, false);
    driver.add(slot + DATA, 512, false);
    driver.add(slot + STATUS, 1, true);
    assertThat(driver.offer()).isNotNegative();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void writesInFlightAreDone(boolean packed) {
    long features = VirtioFeatures.VERSION_1 | (packed ? VirtioFeatures.RING_PACKED : 0);
    GuestAllocator allocator = new GuestAllocator(0x1000, 0x10000);
    DriverQueue driver =
        packed
            ? new PackedDriverQueue(rig.cpu.memory(), allocator, SIZE, false)
            : new SplitDriverQueue(rig.cpu.memory(), allocator, SIZE, false);
    QueueConfig config =
        QueueConfig.fresh(SIZE, driver.descriptorArea(), driver.driverArea(), driver.deviceArea());
    long bytes = InflightRegion.regionBytes(packed, SIZE);
    InflightRegion region = new InflightRegion(arena.allocate(bytes, 64), SIZE);
    DeviceRing killed = DeviceRing.create(rig.cpu.memory(), SIZE, features, listener);
    assertThat(killed.start(config, features, region)).isTrue();
    for (int i = 0; i < 5; i++) {
      offerWrite(driver, i);
    }
    for (int i = 0; i < 3; i++) {
      assertThat(killed.pop()).isNotNull();
    }
    DeviceRing next = DeviceRing.create(rig.cpu.memory(), SIZE, features, listener);
    assertThat(next.start(config, features, region)).isTrue();
    rig.blk.activate(features);
    rig.blk.startQueue(0, next, doorbell);
    rig.pump();
    for (int i = 0; i < 5; i++) {
      assertThat(driver.take()).isNotNegative();
      assertThat(rig.cpu.memory().readByte(slot(i) + STATUS)).isZero();
      assertThat(rig.disk.peek(512L * i, 512)).isEqualTo(BlkRig.patternBytes(i, 512));
    }
    assertThat(driver.take()).isEqualTo(DriverQueue.NONE);
    assertThat(interrupts).isPositive();
    rig.blk.stopQueue(0);
  }
}
