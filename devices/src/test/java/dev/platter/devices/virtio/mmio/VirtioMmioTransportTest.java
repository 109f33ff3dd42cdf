package dev.platter.devices.virtio.mmio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.driver.GuestAllocator;
import dev.platter.devices.driver.PackedDriverQueue;
import dev.platter.devices.driver.SplitDriverQueue;
import dev.platter.devices.driver.VirtioMmioBus;
import dev.platter.devices.testkit.DirectCpu;
import dev.platter.devices.testkit.RecordingIrq;
import dev.platter.devices.virtio.DeviceStatus;
import dev.platter.devices.virtio.VirtioFeatures;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The registers, driven as 4.2.3 has it and otherwise. */
class VirtioMmioTransportTest {
  private static final long BASE = 0x10_0000_0000L;
  private static final int LIVE =
      DeviceStatus.ACKNOWLEDGE
          | DeviceStatus.DRIVER
          | DeviceStatus.FEATURES_OK
          | DeviceStatus.DRIVER_OK;

  private final DirectCpu cpu = new DirectCpu(new DirectCpu.Ram(0, 1 << 20));
  private final GuestAllocator allocator = new GuestAllocator(0x1000, 0x80000);
  private final RecordingIrq irq = new RecordingIrq();
  private final FakeDevice device = new FakeDevice();
  private final VirtioMmioTransport transport = new VirtioMmioTransport(device, cpu.memory(), irq);
  private final VirtioMmioBus bus = new VirtioMmioBus(cpu, BASE);

  VirtioMmioTransportTest() {
    cpu.map(BASE, MmioRegisters.RANGE_BYTES, transport);
  }

  @AfterEach
  void close() {
    transport.close();
    cpu.close();
  }

  private SplitDriverQueue bringUp(long features) {
    bus.reset();
    assertThat(bus.negotiate(features | VirtioFeatures.VERSION_1)).isTrue();
    SplitDriverQueue queue = new SplitDriverQueue(cpu.memory(), allocator, 8, false);
    bus.setUpQueue(0, queue);
    bus.addStatus(DeviceStatus.DRIVER_OK);
    assertThat(bus.status()).isEqualTo(LIVE);
    return queue;
  }

  // ---- registers -----------------------------------------------------------------------------

  @Test
  void identifiesItself() {
    assertThat(bus.load(0x000)).isEqualTo(0x74726976);
    assertThat(bus.load(0x004)).isEqualTo(2);
    assertThat(bus.load(0x008)).isEqualTo(42);
    assertThat(bus.load(0x00c)).isNotZero();
    assertThat(bus.isDevice(42)).isTrue();
  }

  @Test
  void offersTheDevicesFeaturesAndTheRings() {
    assertThat(bus.offeredFeatures())
        .isEqualTo(FakeDevice.FEATURES | VirtioFeatures.SPLIT_AND_PACKED);
    bus.store(MmioRegisters.DEVICE_FEATURES_SEL, 2);
    assertThat(bus.load(MmioRegisters.DEVICE_FEATURES)).isZero();
  }

  @Test
  void hasNoSharedMemoryAndNoQueueReset() {
    // 4.2.2.1: length and base of a region that is not there are all ones.
    for (int register = 0xb0; register <= 0xbc; register += 4) {
      assertThat(bus.load(register)).isEqualTo(-1);
    }
    assertThat(bus.load(0xc0)).isZero();
  }

  @Test
  void queuesBeyondTheLastHaveSizeZero() {
    assertThat(bus.maxQueueSize(0)).isEqualTo(8);
    assertThat(bus.maxQueueSize(1)).isEqualTo(8);
    assertThat(bus.maxQueueSize(2)).isZero();
    assertThat(bus.maxQueueSize(-1)).isZero();
    bus.store(MmioRegisters.QUEUE_READY, 1);
    assertThat(bus.load(MmioRegisters.QUEUE_READY)).isZero();
  }

  @Test
  void controlRegistersAreThirtyTwoBitsWide() {
    assertThat(cpu.load(BASE, 1)).isEqualTo(0xff);
    assertThat(cpu.load(BASE, 2)).isEqualTo(0xffff);
    assertThat(cpu.load(BASE, 8)).isEqualTo(-1);
    assertThat(cpu.load(BASE + 2, 4)).isEqualTo(0xffff_ffffL);
    cpu.store(BASE + MmioRegisters.STATUS, 1, DeviceStatus.ACKNOWLEDGE);
    cpu.store(BASE + MmioRegisters.STATUS, 8, DeviceStatus.ACKNOWLEDGE);
    assertThat(bus.status()).isZero();
  }

  @Test
  void configurationSpaceIsTheDevices() {
    cpu.store(BASE + MmioRegisters.CONFIG, 1, 0xab);
    assertThat(cpu.load(BASE + MmioRegisters.CONFIG, 1)).isEqualTo(0xab);
    assertThat(cpu.load(BASE + MmioRegisters.CONFIG + 4, 4)).isZero();
  }

  // ---- negotiation ---------------------------------------------------------------------------

  @Test
  void refusesFeaturesThatWereNotOffered() {
    assertThat(bus.negotiate(VirtioFeatures.VERSION_1 | 0b10)).isFalse();
    bus.reset();
    assertThat(bus.negotiate(VirtioFeatures.VERSION_1 | 1L << 40)).isFalse();
    bus.reset();
    bus.store(MmioRegisters.DRIVER_FEATURES_SEL, 2);
    bus.store(MmioRegisters.DRIVER_FEATURES, 1);
    assertThat(bus.negotiate(VirtioFeatures.VERSION_1)).isFalse();
    assertThat(device.calls).allMatch(call -> !call.startsWith("activate"));
  }

  @Test
  void requiresVersionOne() {
    assertThat(bus.negotiate(0b1)).isFalse();
    assertThat(bus.status() & DeviceStatus.FEATURES_OK).isZero();
  }

  @Test
  void featuresAreSettledByFeaturesOk() {
    bringUp(0b1);
    bus.store(MmioRegisters.DRIVER_FEATURES_SEL, 0);
    bus.store(MmioRegisters.DRIVER_FEATURES, 0b10);
    assertThat(device.calls).contains("activate 0x100000001");
    bus.store(MmioRegisters.QUEUE_SEL, 1);
    bus.setUpQueue(1, new SplitDriverQueue(cpu.memory(), allocator, 8, false));
    assertThat(bus.status()).isEqualTo(LIVE);
  }

  // ---- queues --------------------------------------------------------------------------------

  @Test
  void queuesStartAtDriverOkOrAtQueueReadyAfterIt() {
    bus.negotiate(VirtioFeatures.VERSION_1);
    bus.setUpQueue(0, new SplitDriverQueue(cpu.memory(), allocator, 8, false));
    assertThat(device.calls).doesNotContain("start 0");
    bus.addStatus(DeviceStatus.DRIVER_OK);
    assertThat(device.calls).contains("start 0").doesNotContain("start 1");
    bus.setUpQueue(1, new SplitDriverQueue(cpu.memory(), allocator, 8, false));
    assertThat(device.calls).contains("start 1");
    assertThat(bus.load(MmioRegisters.QUEUE_READY)).isEqualTo(1);
  }

  @Test
  void queueRegistersAreSettledWhileReady() {
    SplitDriverQueue queue = bringUp(0);
    bus.store(MmioRegisters.QUEUE_SEL, 0);
    bus.store(MmioRegisters.QUEUE_NUM, 3);
    bus.store(MmioRegisters.QUEUE_DESC, -1);
    queue.writeDescriptor(0, 0x100, 1, 0, 0);
    queue.offer(0);
    device.process(0);
    assertThat(queue.takeUsed()).isZero();
  }

  @Test
  void queuesAreOfTheLayoutThatWasNegotiated() {
    bringUp(0);
    bus.reset();
    assertThat(bus.negotiate(VirtioFeatures.VERSION_1 | VirtioFeatures.RING_PACKED)).isTrue();
    PackedDriverQueue queue = new PackedDriverQueue(cpu.memory(), allocator, 7, false);
    bus.setUpQueue(0, queue);
    bus.addStatus(DeviceStatus.DRIVER_OK);
    queue.add(0x100, 1, true);
    int id = queue.offer();
    device.process(0);
    assertThat(queue.take()).isEqualTo(id);
    assertThat(irq.asserted()).isTrue();
  }

  @Test
  void queueReadyZeroStopsTheQueue() {
    bringUp(0);
    bus.store(MmioRegisters.QUEUE_SEL, 0);
    bus.store(MmioRegisters.QUEUE_READY, 0);
    assertThat(device.calls).endsWith("stop 0");
    assertThat(bus.load(MmioRegisters.QUEUE_READY)).isZero();
  }

  @Test
  void resetStopsQueuesAndForgetsEverything() {
    SplitDriverQueue queue = bringUp(0);
    queue.writeDescriptor(0, 0x100, 1, 0, 0);
    queue.offer(0);
    device.process(0);
    assertThat(irq.asserted()).isTrue();
    bus.reset();
    assertThat(device.calls).endsWith("stop 0", "reset");
    assertThat(bus.status()).isZero();
    assertThat(bus.load(MmioRegisters.INTERRUPT_STATUS)).isZero();
    assertThat(irq.asserted()).isFalse();
    bus.store(MmioRegisters.QUEUE_SEL, 0);
    assertThat(bus.load(MmioRegisters.QUEUE_READY)).isZero();
    bringUp(0);
    assertThat(device.calls).endsWith("start 0");
  }

  @Test
  void aBadRingNeedsAReset() {
    bus.negotiate(VirtioFeatures.VERSION_1);
    bus.store(MmioRegisters.QUEUE_SEL, 0);
    bus.store(MmioRegisters.QUEUE_NUM, 5);
    bus.store(MmioRegisters.QUEUE_READY, 1);
    bus.addStatus(DeviceStatus.DRIVER_OK);
    assertThat(bus.status()).isEqualTo(LIVE | DeviceStatus.NEEDS_RESET);
    assertThat(bus.load(MmioRegisters.INTERRUPT_STATUS)).isEqualTo(MmioRegisters.INT_CONFIG);
    assertThat(transport.fault(0)).contains("queue size");
    bus.acknowledgeInterrupt();
    bringUp(0);
    assertThat(transport.fault(0)).isNull();
  }

  // ---- interrupts ----------------------------------------------------------------------------

  @Test
  void interruptStaysUntilAllOfItIsAcknowledged() {
    SplitDriverQueue queue = bringUp(0);
    queue.writeDescriptor(0, 0x100, 1, 0, 0);
    queue.offer(0);
    device.process(0);
    device.configChange.run();
    assertThat(bus.load(MmioRegisters.INTERRUPT_STATUS)).isEqualTo(3);
    bus.store(MmioRegisters.INTERRUPT_ACK, MmioRegisters.INT_USED_BUFFER);
    assertThat(irq.asserted()).isTrue();
    bus.store(MmioRegisters.INTERRUPT_ACK, MmioRegisters.INT_CONFIG);
    assertThat(irq.asserted()).isFalse();
  }

  @Test
  void configChangeMovesTheGenerationAndInterruptsALiveDriver() {
    int before = bus.load(MmioRegisters.CONFIG_GENERATION);
    device.configChange.run();
    assertThat(bus.load(MmioRegisters.CONFIG_GENERATION)).isNotEqualTo(before);
    assertThat(irq.asserted()).isFalse();
    bringUp(0);
    device.configChange.run();
    assertThat(bus.load(MmioRegisters.INTERRUPT_STATUS)).isEqualTo(MmioRegisters.INT_CONFIG);
    assertThat(irq.asserted()).isTrue();
  }
}
