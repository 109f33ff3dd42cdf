package dev.platter.emulator.export.vfiouser;

import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.loop.MainLoop;
import dev.platter.devices.ahci.AhciDisk;
import dev.platter.devices.ahci.AhciFunction;
import dev.platter.devices.ahci.AhciLoop;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.driver.AhciDriver;
import dev.platter.devices.driver.DiskDriver;
import dev.platter.devices.driver.GuestAllocator;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.devices.testkit.RamDisk;
import java.util.List;
import java.util.function.Supplier;

/** A guest with an AHCI controller that has one disk. */
final class Guest extends ServedFunction {
  static final long DISK_BYTES = 16L << 20;
  static final int INTX = 0;
  static final int MSI = 1;
  private static final int MSI_CONTROL = 0x82;
  private static final int COMMAND = 4;

  final BlockBackend backend;
  final GuestAllocator allocator = new GuestAllocator(0x10_0000, RAM_BYTES - 0x10_0000);

  /** A guest whose disk is RAM. */
  Guest() {
    this(() -> ramDisk(DISK_BYTES));
  }

  static RamDisk ramDisk(long sizeBytes) {
    return new RamDisk(sizeBytes, 512, List.of());
  }

  Guest(Supplier<BlockBackend> disk) {
    this(disk, Long.MAX_VALUE);
  }

  /** A guest that may lend so many bytes. */
  Guest(Supplier<BlockBackend> disk, long maxGuestBytes) {
    this(disk.get(), maxGuestBytes);
  }

  private Guest(BlockBackend disk, long maxGuestBytes) {
    super(mainLoop -> controller(disk, mainLoop), maxGuestBytes);
    backend = disk;
  }

  private static AhciFunction controller(BlockBackend disk, MainLoop mainLoop) {
    AhciDisk identified = new AhciDisk(disk, "PLATTER TEST", "SERIAL-1", "FW1");
    AhciFunction function =
        new AhciFunction(
            new GuestMemory(List.of()), List.of(identified), AhciLoop.of(mainLoop.context()));
    if (disk instanceof RamDisk ramDisk) {
      ramDisk.reachOnly(function.pools());
    }
    return function;
  }

  /** Negotiates and maps RAM. */
  Guest up() {
    client.negotiate();
    mapRam();
    return this;
  }

  RamDisk ramDisk() {
    return (RamDisk) backend;
  }

  /** The device may be a bus master, and interrupts by {@code eventfd} as INTx or MSI. */
  void enable(int irq, EventNotifier eventfd) {
    client.write(VfioUserClient.REGION_CONFIG, COMMAND, 2, 6);
    client.write(VfioUserClient.REGION_CONFIG, MSI_CONTROL, 2, irq == MSI ? 1 : 0);
    expect(client.setIrqs(irq, SET_EVENTFD, 0, 1, new byte[0], eventfd.fd()));
  }

  /** A driver whose disk has been brought up. */
  AhciDriver driver() {
    AhciDriver driver = new AhciDriver(client, VfioUserClient.BAR, 0, allocator);
    driver.bringUp();
    return driver;
  }

  /** Takes interrupts until {@code count} requests have been reported to {@code sink}. */
  void complete(
      AhciDriver driver,
      int irq,
      EventNotifier eventfd,
      int count,
      DiskDriver.CompletionSink sink) {
    int reported = 0;
    while (reported < count) {
      await(eventfd);
      reported += driver.interrupt(sink);
      if (irq == INTX) {
        expect(client.setIrqs(INTX, 1 | 16, 0, 1, new byte[0]));
      }
    }
  }

  @Override
  public void close() {
    disconnect();
    if (backend instanceof RamDisk held) {
      // Of a test that failed: the session waits for what the disk has.
      onMainLoop(() -> {
        held.stopHolding();
        held.releaseAll();
      });
    }
    session.close();
    backend.close();
    closeMachine();
  }
}
