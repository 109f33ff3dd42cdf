package dev.platter.devices.virtio.blk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.AioTimer;
import dev.platter.aio.loop.MainLoop;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.GuestAllocator;
import dev.platter.devices.driver.SplitDriverQueue;
import dev.platter.devices.driver.VirtioMmioBlkDriver;
import dev.platter.devices.testkit.DirectCpu;
import dev.platter.devices.testkit.RamDisk;
import dev.platter.devices.testkit.RecordingIrq;
import dev.platter.devices.virtio.DeviceStatus;
import dev.platter.devices.virtio.VirtioFeatures;
import dev.platter.devices.virtio.Vring;
import dev.platter.devices.virtio.mmio.MmioRegisters;
import dev.platter.devices.virtio.mmio.VirtioMmioTransport;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Starting, resetting and resizing, with and without I/O in flight; the configuration space. */
class VirtioBlkLifeTest {
  private static final long B = BlkRig.BUFFER;
  private BlkRig rig = new BlkRig();

  @AfterEach
  void close() {
    rig.close();
  }

  private void replaceRig(VirtioBlk.Options options, int blockSize) {
    rig.close();
    rig = new BlkRig(options, blockSize, false);
  }

  // ---- start and restart ---------------------------------------------------------------------

  /** Offers a read of sector 0 in descriptors 0 to 2, without a doorbell. */
  private void offerRead(SplitDriverQueue queue) {
    rig.cpu.memory().writeLong(B, BlkAbi.T_IN);
    rig.cpu.memory().writeLong(B + 8, 0);
    queue.writeDescriptor(0, B, 16, Vring.DESC_F_NEXT, 1);
    queue.writeDescriptor(1, B + 512, 512, Vring.DESC_F_NEXT | Vring.DESC_F_WRITE, 2);
    queue.writeDescriptor(2, B + 1024, 1, Vring.DESC_F_WRITE, 0);
    queue.offer(0);
  }

  private SplitDriverQueue newQueue() {
    return new SplitDriverQueue(rig.cpu.memory(), new GuestAllocator(0x1000, 0x10000), 16, false);
  }

  @Test
  void buffersThatWereThereBeforeTheStartAreTakenWithoutADoorbell() {
    rig.bus.reset();
    rig.bus.negotiate(VirtioFeatures.VERSION_1);
    SplitDriverQueue queue = newQueue();
    rig.bus.setUpQueue(0, queue);
    offerRead(queue);
    rig.bus.addStatus(DeviceStatus.DRIVER_OK);
    rig.pump();
    assertThat(queue.takeUsed()).isZero();
    assertThat(rig.irq.asserted()).isTrue();
  }

  @Test
  void soAreThoseBeforeARestartOfTheQueue() {
    rig.bringUp();
    rig.bus.store(MmioRegisters.QUEUE_SEL, 0);
    rig.bus.store(MmioRegisters.QUEUE_READY, 0);
    SplitDriverQueue queue = newQueue();
    offerRead(queue);
    rig.bus.setUpQueue(0, queue);
    rig.pump();
    assertThat(queue.takeUsed()).isZero();
  }

  @Test
  void aDoorbellRightAfterARestartIsNotLost() {
    for (int i = 0; i < 20; i++) {
      VirtioMmioBlkDriver driver = rig.bringUp();
      // The kick meets whatever watch the loop has armed: it has not turned since.
      driver.submit(0, Operation.READ, 0, B, 512);
      rig.bus.kick(0);
      rig.pump();
      assertThat(driver.interrupt((tag, status) -> {})).isEqualTo(1);
    }
  }

  @Test
  void aDoorbellWhileTheQueueIsStoppedDoesNothing() {
    VirtioMmioBlkDriver driver = rig.bringUp();
    rig.bus.store(MmioRegisters.QUEUE_SEL, 0);
    rig.bus.store(MmioRegisters.QUEUE_READY, 0);
    driver.submit(0, Operation.READ, 0, B, 512);
    rig.bus.kick(0);
    rig.pump();
    assertThat(rig.disk.count(Operation.READ)).isZero();
    assertThat(rig.run(rig.bringUp(), Operation.READ, 0, B, 512)).isZero();
  }

  // ---- reset with I/O in flight --------------------------------------------------------------

  @Test
  void resetWaitsForWhatIsInFlight() {
    VirtioMmioBlkDriver driver = rig.bringUp();
    rig.disk.hold();
    for (int tag = 0; tag < 3; tag++) {
      driver.submit(tag, Operation.WRITE, tag * 512L, B, 512);
    }
    driver.kick();
    rig.pump();
    List<String> events = new ArrayList<>();
    AioTimer timer =
        rig.context.newTimer(() -> {
          events.add("completed with status " + rig.bus.status());
          rig.disk.releaseAll();
        });
    timer.arm(1);
    rig.bus.reset();
    events.add("reset");
    assertThat(events).containsExactly("completed with status 15", "reset");
    assertThat(rig.bus.status()).isZero();
    assertThat(rig.irq.asserted()).isFalse();
    rig.pump();
    assertThat(rig.irq.asserted()).isFalse();
    rig.disk.stopHolding();
    assertThat(rig.run(rig.bringUp(), Operation.READ, 0, B, 512)).isZero();
  }

  @Test
  void nothingIsTakenWhileAResetWaits() {
    VirtioMmioBlkDriver driver = rig.bringUp();
    rig.disk.hold();
    driver.submit(0, Operation.WRITE, 0, B, 512);
    driver.kick();
    rig.pump();
    AioTimer release = rig.context.newTimer(rig.disk::releaseAll);
    rig.context
        .newTimer(() -> {
          driver.submit(1, Operation.WRITE, 512, B, 512);
          driver.kick();
          rig.bus.kick(0);
          rig.bus.store(MmioRegisters.STATUS, 0); // another vCPU, as if
          release.arm(1_000_000);
        })
        .arm(1);
    rig.bus.reset();
    rig.pump();
    assertThat(rig.disk.count(Operation.WRITE)).isEqualTo(1);
  }

  /** A queue on the main loop: the vCPU that resets holds the lock that completions need. */
  @Test
  void resetUnderTheBigLockWaitsForTheMainLoop() {
    MainLoop main = new MainLoop(AioConfig.mainLoop());
    DirectCpu cpu = new DirectCpu(new DirectCpu.Ram(0, BlkRig.RAM_BYTES));
    RamDisk disk = new RamDisk(BlkRig.DISK_BYTES, 512, cpu.ram());
    VirtioBlk blk = new VirtioBlk(disk, VirtioBlk.Options.DEFAULT, List.of(main.context()));
    VirtioMmioTransport transport = new VirtioMmioTransport(blk, cpu.memory(), new RecordingIrq());
    cpu.map(BlkRig.MMIO, MmioRegisters.RANGE_BYTES, transport);
    main.lock().lock();
    disk.hold();
    VirtioMmioBlkDriver driver =
        new VirtioMmioBlkDriver(
            cpu,
            BlkRig.MMIO,
            new GuestAllocator(0x1000, 1 << 20),
            VirtioMmioBlkDriver.Options.DEFAULT);
    driver.submit(0, Operation.WRITE, 0, B, 512);
    driver.kick();
    driver.bus().store(MmioRegisters.QUEUE_SEL, 0);
    // Restarting takes the buffer on this thread, under the lock, as a vCPU's doorbell would not.
    driver.bus().store(MmioRegisters.QUEUE_READY, 0);
    driver.bus().setUpQueue(0, driver.queue(0));
    assertThat(disk.heldCount()).isEqualTo(1);
    main.context().newTimer(disk::releaseAll).arm(1_000_000);
    driver.bus().reset();
    assertThat(main.lock().isHeldByCurrentThread()).isTrue();
    assertThat(disk.count(Operation.WRITE)).isEqualTo(1);
    transport.close();
    main.lock().unlock();
    main.close();
    disk.close();
    cpu.close();
  }

  // ---- configuration space (5.2.4) -----------------------------------------------------------

  private int config32(int offset) {
    return rig.bus.config32(offset);
  }

  @Test
  void configurationOfAnOrdinaryDisk() {
    replaceRig(new VirtioBlk.Options(2, 256, "x"), 512);
    assertThat(rig.bus.config64(BlkAbi.CFG_CAPACITY)).isEqualTo(BlkRig.DISK_BYTES / 512);
    assertThat(config32(BlkAbi.CFG_SEG_MAX)).isEqualTo(126);
    assertThat(config32(BlkAbi.CFG_BLK_SIZE)).isEqualTo(512);
    assertThat(config32(24)).isEqualTo(3 | 8 << 16); // 4 KiB physical, aligned at 0
    assertThat(config32(32)).isEqualTo(1 | 2 << 16); // writeback, two queues
    // As long as the disk: nothing in the device limits them.
    assertThat(config32(BlkAbi.CFG_MAX_DISCARD_SECTORS)).isEqualTo(BlkRig.DISK_BYTES / 512);
    assertThat(config32(BlkAbi.CFG_MAX_DISCARD_SEG)).isEqualTo(64);
    assertThat(config32(BlkAbi.CFG_DISCARD_SECTOR_ALIGNMENT)).isEqualTo(8);
    assertThat(config32(BlkAbi.CFG_MAX_WRITE_ZEROES_SECTORS)).isEqualTo(BlkRig.DISK_BYTES / 512);
    assertThat(config32(BlkAbi.CFG_MAX_WRITE_ZEROES_SEG)).isEqualTo(64);
    assertThat(config32(BlkAbi.CFG_WRITE_ZEROES_MAY_UNMAP)).isEqualTo(1); // and padding of 0
    assertThat(config32(BlkAbi.CFG_BYTES)).isZero();
    assertThat(rig.cpu.load(BlkRig.MMIO + 0x100 + 34, 2)).isEqualTo(2);
    assertThat(rig.cpu.load(BlkRig.MMIO + 0x100, 8)).isEqualTo(BlkRig.DISK_BYTES / 512);
  }

  /** A request and its two other descriptors fit into a ring of the size there is, or of 128. */
  @Test
  void segMaxFitsTheRing() {
    assertThat(config32(BlkAbi.CFG_SEG_MAX)).isEqualTo(62);
    for (int size : new int[] {128, 256, 1024}) {
      replaceRig(new VirtioBlk.Options(1, size, "x"), 512);
      assertThat(config32(BlkAbi.CFG_SEG_MAX)).isEqualTo(126);
    }
  }

  /** Windows takes 1 for an order and becomes a hundred times slower. */
  @Test
  void optimalIoSizeIsNeverOneBlock() {
    for (int blockSize : new int[] {512, 4096, 65536}) {
      replaceRig(VirtioBlk.Options.DEFAULT, blockSize);
      assertThat(config32(BlkAbi.CFG_OPT_IO_SIZE)).isGreaterThan(1);
    }
  }

  /** Windows does not boot from a disk that offers SIZE_MAX with size_max 0. */
  @Test
  void sizeMaxIsNotOffered() {
    assertThat(rig.bus.offeredFeatures() & 0b10).isZero();
  }

  @Test
  void configurationIsReadOnlyButForWriteback() {
    rig.bringUp();
    for (int offset = 0; offset < 64; offset += 4) {
      rig.bus.store(MmioRegisters.CONFIG + offset, -1);
    }
    assertThat(rig.bus.config64(BlkAbi.CFG_CAPACITY)).isEqualTo(BlkRig.DISK_BYTES / 512);
    assertThat(config32(32)).isEqualTo(1 | 1 << 16);
  }

  // ---- resize --------------------------------------------------------------------------------

  @Test
  void resizeTellsTheDriver() {
    VirtioMmioBlkDriver driver = rig.bringUp();
    int generation = rig.bus.load(MmioRegisters.CONFIG_GENERATION);
    long larger = BlkRig.DISK_BYTES * 2;
    assertThat(rig.runRaw(driver, BlkAbi.T_IN, BlkRig.DISK_BYTES / 512, B, 512, true))
        .isEqualTo(BlkAbi.S_IOERR);
    rig.disk.resize(larger);
    assertThat(rig.irq.asserted()).isTrue();
    assertThat(rig.bus.load(MmioRegisters.CONFIG_GENERATION)).isNotEqualTo(generation);
    assertThat(driver.capacityBytes()).isEqualTo(BlkRig.DISK_BYTES);
    driver.interrupt((tag, status) -> {});
    assertThat(driver.configChanges()).isEqualTo(1);
    assertThat(driver.capacityBytes()).isEqualTo(larger);
    assertThat(rig.irq.asserted()).isFalse();
    assertThat(rig.run(driver, Operation.READ, larger - 512, B, 512)).isZero();
  }

  @Test
  void aDiskThatOutlivesItsDeviceTellsItNothingMore() {
    assertThat(rig.disk.resizeListenerCount()).isOne();
    rig.blk.close();
    assertThat(rig.disk.resizeListenerCount()).isZero();
  }
}
