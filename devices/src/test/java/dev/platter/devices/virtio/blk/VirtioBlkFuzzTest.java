package dev.platter.devices.virtio.blk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.IoThread;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.GuestAllocator;
import dev.platter.devices.driver.SplitDriverQueue;
import dev.platter.devices.driver.VirtioMmioBlkDriver;
import dev.platter.devices.testkit.DirectCpu;
import dev.platter.devices.testkit.RamDisk;
import dev.platter.devices.testkit.RecordingIrq;
import dev.platter.devices.virtio.DeviceStatus;
import dev.platter.devices.virtio.Vring;
import dev.platter.devices.virtio.mmio.MmioRegisters;
import dev.platter.devices.virtio.mmio.VirtioMmioTransport;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Rings, tables, headers and registers full of seeded nonsense: nothing is thrown out of a loop, no
 * byte outside the guest is touched (the RamDisk checks), and after a reset the disk works.
 */
@Tag("slow")
class VirtioBlkFuzzTest {
  private static final int QUEUE_SIZE = 16;
  private static final long REQUESTS = BlkRig.BUFFER;

  private static long address(Random random) {
    return switch (random.nextInt(8)) {
      case 0 -> random.nextLong();
      case 1 -> BlkRig.RAM_BYTES - random.nextInt(2048);
      case 2 -> BlkRig.HIGH_RAM + random.nextInt(1 << 20);
      case 3 -> 0x1000 + random.nextInt(0x1000); // the rings themselves
      default -> REQUESTS + random.nextInt(64) * 16L;
    };
  }

  private static int length(Random random) {
    return switch (random.nextInt(6)) {
      case 0 -> random.nextInt();
      case 1 -> 512 * random.nextInt(16);
      case 2 -> random.nextInt(3);
      default -> 16 * (1 + random.nextInt(4));
    };
  }

  private static int flags(Random random) {
    int odd = random.nextInt(20) == 0 ? random.nextInt(1 << 16) : 0;
    return random.nextInt(8) | odd;
  }

  /** Requests of header, data and status, then something else in a few places, or everywhere. */
  private static void scribble(Random random, DirectCpu cpu, SplitDriverQueue queue) {
    for (int i = 0; i + 2 < QUEUE_SIZE; i += 3) {
      int writes = random.nextBoolean() ? Vring.DESC_F_WRITE : 0;
      long data = REQUESTS + 0x400 + 512L * random.nextInt(8);
      queue.writeDescriptor(i, REQUESTS + 16L * random.nextInt(64), 16, Vring.DESC_F_NEXT, i + 1);
      queue.writeDescriptor(i + 1, data, length(random), Vring.DESC_F_NEXT | writes, i + 2);
      queue.writeDescriptor(i + 2, 0x8000 + i, 1, Vring.DESC_F_WRITE, 0);
    }
    int odd = random.nextInt(8) == 0 ? QUEUE_SIZE : random.nextInt(3);
    for (int i = 0; i < odd; i++) {
      queue.writeDescriptor(
          random.nextInt(QUEUE_SIZE),
          address(random),
          length(random),
          flags(random),
          random.nextInt(QUEUE_SIZE + 1));
    }
    int[] types = {0, 1, 4, 8, 11, 13, 99};
    for (int i = 0; i < 64; i++) {
      long at = REQUESTS + i * 16L;
      if (random.nextInt(4) != 0) {
        // A header, or a segment.
        cpu.memory().writeLong(at, types[random.nextInt(types.length)]);
        cpu.memory().writeLong(at + 8, random.nextInt(4) == 0 ? random.nextLong() : i);
      } else {
        SplitDriverQueue.writeDescriptor(
            cpu.memory(), at, 0, address(random), length(random), flags(random), random.nextInt(5));
      }
    }
  }

  private static void offer(Random random, SplitDriverQueue queue) {
    int count = random.nextInt(4);
    for (int i = 0; i < count; i++) {
      queue.offer(random.nextInt(30) == 0 ? random.nextInt(65536) : 3 * random.nextInt(6));
    }
    if (random.nextInt(30) == 0) {
      queue.forceAvailIndex(queue.availIndex() + random.nextInt(QUEUE_SIZE * 2));
    }
  }

  @Test
  void hostileRings() {
    Random random = new Random(20240611);
    VirtioBlk.Options options = new VirtioBlk.Options(1, QUEUE_SIZE, "fuzz");
    try (BlkRig rig = new BlkRig(options, 512, false)) {
      int broken = 0;
      int answered = 0;
      for (int round = 0; round < 4000; round++) {
        VirtioMmioBlkDriver driver = rig.bringUp();
        SplitDriverQueue queue = driver.queue(0);
        for (int step = 0; step < 4; step++) {
          scribble(random, rig.cpu, queue);
          offer(random, queue);
          rig.bus.kick(0);
          rig.pump();
        }
        if ((rig.bus.status() & DeviceStatus.NEEDS_RESET) != 0) {
          broken++;
          assertThat(rig.transport.fault(0)).isNotNull();
        }
        answered += queue.hasUsed() ? 1 : 0;
        if (round % 50 == 0) {
          assertThat(rig.run(rig.bringUp(), Operation.READ, 0, BlkRig.BUFFER, 512)).isZero();
        }
      }
      // The fuzzer reaches both ends.
      assertThat(broken).isGreaterThan(400);
      assertThat(answered).isGreaterThan(400);
    }
  }

  @Test
  void hostileRegisters() {
    Random random = new Random(99);
    VirtioBlk.Options options = new VirtioBlk.Options(2, QUEUE_SIZE, "fuzz");
    try (BlkRig rig = new BlkRig(options, 512, false)) {
      int[] registers = {
        0x14, 0x20, 0x24, 0x30, 0x38, 0x44, 0x50, 0x64, 0x70, 0x80, 0x84, 0x90, 0x94, 0xa0, 0xa4
      };
      int[] statuses = {0, 1, 3, 11, 15, 15, 0x80, 0x4f};
      for (int i = 0; i < 50_000; i++) {
        int register =
            random.nextInt(10) == 0
                ? random.nextInt(0x200)
                : registers[random.nextInt(registers.length)];
        long value =
            switch (random.nextInt(4)) {
              case 0 -> random.nextInt();
              case 1 -> random.nextInt(3);
              case 2 -> 16L * random.nextInt(1024);
              default -> 1;
            };
        if (register == MmioRegisters.STATUS) {
          value = statuses[random.nextInt(statuses.length)];
        }
        if (register == MmioRegisters.DRIVER_FEATURES) {
          value &= random.nextBoolean() ? 1 : 0x3000_0000;
        }
        int size = random.nextInt(10) == 0 ? 1 << random.nextInt(4) : 4;
        rig.cpu.store(BlkRig.MMIO + register, size, value);
        rig.cpu.load(BlkRig.MMIO + random.nextInt(0x200), size);
        if (i % 8 == 0) {
          rig.pump();
        }
      }
      assertThat(rig.run(rig.bringUp(), Operation.READ, 0, BlkRig.BUFFER, 512)).isZero();
    }
  }

  /** The guest scribbles while the device reads. */
  @Test
  void ringsThatChangeUnderTheDevice() {
    Random random = new Random(4);
    DirectCpu cpu =
        new DirectCpu(
            new DirectCpu.Ram(0, BlkRig.RAM_BYTES), new DirectCpu.Ram(BlkRig.HIGH_RAM, 1 << 20));
    RamDisk disk = new RamDisk(BlkRig.DISK_BYTES, 512, cpu.ram());
    try (IoThread thread = new IoThread("fuzz", AioConfig.ioThread())) {
      VirtioBlk blk =
          new VirtioBlk(
              disk, new VirtioBlk.Options(1, QUEUE_SIZE, "fuzz"), List.of(thread.context()));
      VirtioMmioTransport transport =
          new VirtioMmioTransport(blk, cpu.memory(), new RecordingIrq());
      cpu.map(BlkRig.MMIO, MmioRegisters.RANGE_BYTES, transport);
      for (int round = 0; round < 300; round++) {
        VirtioMmioBlkDriver driver =
            new VirtioMmioBlkDriver(
                cpu,
                BlkRig.MMIO,
                new GuestAllocator(0x1000, BlkRig.BUFFER - 0x1000),
                VirtioMmioBlkDriver.Options.DEFAULT);
        SplitDriverQueue queue = driver.queue(0);
        for (int step = 0; step < 20; step++) {
          offer(random, queue);
          driver.bus().kick(0);
          scribble(random, cpu, queue);
          Vring.setRelease(queue.usedRing(), Vring.RING_IDX, random.nextInt(65536));
        }
      }
      // Reset and close wait for the loop, which must still be there.
      transport.close();
    }
    disk.close();
    cpu.close();
  }
}
