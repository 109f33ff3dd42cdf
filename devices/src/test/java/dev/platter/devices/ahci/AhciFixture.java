package dev.platter.devices.ahci;

import dev.platter.devices.driver.AhciCommandTables;
import dev.platter.devices.driver.AhciDriver;
import dev.platter.devices.driver.AhciPortAccess;
import dev.platter.devices.driver.GuestAllocator;
import dev.platter.devices.testkit.DirectCpu;
import dev.platter.devices.testkit.ManualLoop;
import dev.platter.devices.testkit.RamDisk;
import dev.platter.devices.testkit.RecordingIrq;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** A guest with RAM below and above 4 GiB, an HBA with one disk on port 0, and a driver for it. */
final class AhciFixture implements AutoCloseable {
  static final long HBA = 0xfebf_0000L;
  static final long HIGH_RAM = 0x1_0000_0000L;
  static final int RAM_BYTES = 16 << 20;
  static final long DISK_BYTES = 64L << 20;
  private static final long FREE_RAM = 1 << 20;

  /** What a driver has reported, in order. */
  record Done(int tag, int status) {}

  final DirectCpu cpu;
  final RecordingIrq irq = new RecordingIrq();
  final ManualLoop loop = new ManualLoop();
  final RamDisk disk;
  final AhciController controller;
  final GuestAllocator allocator = new GuestAllocator(FREE_RAM, RAM_BYTES - FREE_RAM);
  final AhciDriver driver;
  final AhciPortAccess port;
  final AhciCommandTables tables;
  final List<Done> done = new ArrayList<>();

  AhciFixture() {
    this(DISK_BYTES, 512);
  }

  AhciFixture(long diskBytes, int blockSizeBytes) {
    this(
        diskBytes,
        blockSizeBytes,
        new DirectCpu(new DirectCpu.Ram(0, RAM_BYTES), new DirectCpu.Ram(HIGH_RAM, RAM_BYTES)));
  }

  private AhciFixture(long diskBytes, int blockSizeBytes, DirectCpu cpu) {
    this.cpu = cpu;
    disk = new RamDisk(diskBytes, blockSizeBytes, List.of());
    controller =
        new AhciController(
            cpu.memory(), irq, List.of(new AhciDisk(disk, "PLATTER TEST", "S-0001", "1.0")), loop);
    disk.reachOnly(controller.pools());
    cpu.map(HBA, controller.mmioSizeBytes(), controller);
    driver = new AhciDriver(cpu, HBA, 0, allocator, this::completeOne);
    port = driver.port();
    tables = driver.tables();
  }

  /** A fixture whose disk has been brought up. */
  static AhciFixture ready() {
    AhciFixture fixture = new AhciFixture();
    fixture.driver.bringUp();
    return fixture;
  }

  /** A fixture that is brought up, its high RAM lent by pages, as with an IOMMU. */
  static AhciFixture withPages() {
    List<DirectCpu.Ram> ram = new ArrayList<>();
    ram.add(new DirectCpu.Ram(0, RAM_BYTES));
    for (int page = 0; page < RAM_BYTES / 4096; page++) {
      ram.add(new DirectCpu.Ram(HIGH_RAM + 4096L * page, 4096));
    }
    AhciFixture fixture =
        new AhciFixture(DISK_BYTES, 512, new DirectCpu(ram.toArray(DirectCpu.Ram[]::new)));
    fixture.driver.bringUp();
    return fixture;
  }

  /** What happens while the driver polls: the backend finishes something. */
  private void completeOne() {
    if (disk.heldCount() == 0) {
      throw new AssertionError("the driver waits and nothing is in flight");
    }
    disk.release(0);
  }

  /** Runs the interrupt handler as long as the line is high. */
  void interrupts() {
    for (int i = 0; irq.asserted(); i++) {
      if (i == 1000) {
        throw new AssertionError("the interrupt line does not fall");
      }
      driver.interrupt((tag, status) -> done.add(new Done(tag, status)));
    }
  }

  /** Puts a command into a slot and issues it, without waiting. */
  void issue(int slot, int command, int features, long lba, int count, int flags, int prds) {
    tables.command(slot, command, features, lba, count, 0x40);
    tables.header(slot, flags, prds);
    port.write(AhciRegisters.PX_CI, 1 << slot);
  }

  /** Issues a queued read of one block, without waiting. */
  void issueQueuedRead(int slot, long lba, long buffer) {
    tables.command(slot, 0x60, 1, lba, slot << 3, 0x40);
    tables.header(slot, 0, tables.prds(slot, buffer, disk.blockSizeBytes()));
    port.write(AhciRegisters.PX_SACT, 1 << slot);
    port.write(AhciRegisters.PX_CI, 1 << slot);
  }

  /** Resets the disk of an idle port by two FISes (AHCI 10.4.1). */
  void softReset() {
    tables.control(0, 4);
    tables.header(0, AhciRegisters.HEADER_RESET | AhciRegisters.HEADER_CLEAR_BUSY, 0);
    port.write(AhciRegisters.PX_CI, 1);
    tables.control(1, 0);
    tables.header(1, 0, 0);
    port.write(AhciRegisters.PX_CI, 2);
    if (port.read(AhciRegisters.PX_CI) != 0) {
      throw new AssertionError("a FIS of the reset was not taken");
    }
  }

  /** Guest RAM for data. */
  long buffer(int lengthBytes) {
    return allocator.allocate(lengthBytes, 4096);
  }

  void fill(long guestAddress, byte[] data) {
    for (int i = 0; i < data.length; i++) {
      cpu.memory().writeByte(guestAddress + i, data[i]);
    }
  }

  byte[] dump(long guestAddress, int lengthBytes) {
    byte[] data = new byte[lengthBytes];
    for (int i = 0; i < lengthBytes; i++) {
      data[i] = (byte) cpu.memory().readByte(guestAddress + i);
    }
    return data;
  }

  static byte[] pattern(long seed, int lengthBytes) {
    byte[] data = new byte[lengthBytes];
    new Random(seed).nextBytes(data);
    return data;
  }

  int register(int offset) {
    return cpu.load32(HBA + offset);
  }

  @Override
  public void close() {
    disk.releaseAll();
    controller.close();
    disk.close();
    cpu.close();
  }
}
