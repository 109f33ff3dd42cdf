package dev.platter.devices.virtio.blk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.AioContext;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.GuestAllocator;
import dev.platter.devices.driver.VirtioMmioBlkDriver;
import dev.platter.devices.driver.VirtioMmioBus;
import dev.platter.devices.testkit.DirectCpu;
import dev.platter.devices.testkit.RamDisk;
import dev.platter.devices.testkit.RecordingIrq;
import dev.platter.devices.virtio.mmio.MmioRegisters;
import dev.platter.devices.virtio.mmio.VirtioMmioTransport;
import java.util.List;

/**
 * A virtio disk over a {@link RamDisk}, its loop and its guest all on the test's thread: nothing
 * happens but what a test asks for.
 */
final class BlkRig implements AutoCloseable {
  static final long MMIO = 0x4000_0000L;
  static final long RAM_BYTES = 16 << 20;

  /** Guest memory that no driver's allocator touches. */
  static final long BUFFER = 8 << 20;

  /** RAM at an address that needs more than 32 bits. */
  static final long HIGH_RAM = 1L << 33;

  static final long DISK_BYTES = 64 << 20;
  private static final int MAX_TURNS = 100_000;

  final DirectCpu cpu =
      new DirectCpu(new DirectCpu.Ram(0, RAM_BYTES), new DirectCpu.Ram(HIGH_RAM, 1 << 20));
  final RamDisk disk;
  final RecordingIrq irq = new RecordingIrq();
  final AioContext context = new AioContext("test", AioConfig.ioThread().withPollMaxNanos(0), null);
  final VirtioBlk blk;
  final VirtioMmioTransport transport;
  final VirtioMmioBus bus = new VirtioMmioBus(cpu, MMIO);

  BlkRig() {
    this(new VirtioBlk.Options(1, 64, "rig"), 512, false);
  }

  BlkRig(VirtioBlk.Options options, int blockSizeBytes, boolean readOnly) {
    disk = new RamDisk(DISK_BYTES, blockSizeBytes, cpu.ram());
    disk.setReadOnly(readOnly);
    blk = new VirtioBlk(disk, options, List.of(context));
    transport = new VirtioMmioTransport(blk, cpu.memory(), irq);
    cpu.map(MMIO, MmioRegisters.RANGE_BYTES, transport);
  }

  /** Resets the disk and brings it up; whatever driver there was is forgotten. */
  VirtioMmioBlkDriver bringUp(VirtioMmioBlkDriver.Options options) {
    return new VirtioMmioBlkDriver(cpu, MMIO, new GuestAllocator(0x1000, BUFFER - 0x1000), options);
  }

  VirtioMmioBlkDriver bringUp() {
    return bringUp(VirtioMmioBlkDriver.Options.DEFAULT);
  }

  /** Turns the loop until it has nothing to do. */
  void pump() {
    // The first turn may only have armed what the second finds ready.
    context.turn(false);
    int turns = 0;
    while (context.turn(false)) {
      assertThat(turns++).as("the loop spins").isLessThan(MAX_TURNS);
    }
  }

  /** Runs one request to its end; the interrupt must come. */
  int run(VirtioMmioBlkDriver driver, Operation operation, long offset, long buffer, int length) {
    driver.submit(0, operation, offset, buffer, length);
    return finish(driver);
  }

  /** Runs one raw request to its end. */
  int runRaw(
      VirtioMmioBlkDriver driver, int type, long sector, long buffer, int length, boolean in) {
    driver.submitRaw(0, type, sector, buffer, length, in);
    return finish(driver);
  }

  private int finish(VirtioMmioBlkDriver driver) {
    driver.kick();
    pump();
    assertThat(irq.asserted()).as("interrupt").isTrue();
    int[] status = {-1};
    assertThat(driver.interrupt((tag, result) -> status[0] = result)).isEqualTo(1);
    assertThat(irq.asserted()).as("interrupt after acknowledgement").isFalse();
    return status[0];
  }

  void fill(long address, int length, int seed) {
    for (int i = 0; i < length; i++) {
      cpu.memory().writeByte(address + i, pattern(seed, i));
    }
  }

  byte[] bytes(long address, int length) {
    byte[] data = new byte[length];
    for (int i = 0; i < length; i++) {
      data[i] = (byte) cpu.memory().readByte(address + i);
    }
    return data;
  }

  static byte pattern(int seed, int i) {
    return (byte) (((seed * 31 + i) * 0x9E3779B1) >>> 13);
  }

  static byte[] patternBytes(int seed, int length) {
    byte[] data = new byte[length];
    for (int i = 0; i < length; i++) {
      data[i] = pattern(seed, i);
    }
    return data;
  }

  @Override
  public void close() {
    transport.close();
    context.close();
    disk.close();
    cpu.close();
  }
}
