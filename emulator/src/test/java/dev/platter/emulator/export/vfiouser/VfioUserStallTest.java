package dev.platter.emulator.export.vfiouser;

import static dev.platter.emulator.export.vfiouser.Guest.MSI;
import static dev.platter.emulator.export.vfiouser.Guest.READ_WRITE;
import static dev.platter.emulator.export.vfiouser.VfioUserClient.REGION_CONFIG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.event.EventNotifier;
import dev.platter.devices.ahci.AhciRegisters;
import dev.platter.devices.ata.AtaCommand;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.AhciDriver;
import dev.platter.devices.driver.AhciPortAccess;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Storage that answers late: no message waits for it, and what was in flight touches no memory that
 * the guest has taken back.
 */
class VfioUserStallTest {
  private static final int ALL = 2;
  private static final int COMMAND = 4;
  private static final int MEMORY_ONLY = 2;
  private static final int SECTOR = 512;
  private static final long BUFFER = 0x20_0000;
  private static final long LENT = 0x40_0000; // in the file, and at OTHER for the device
  private static final long OTHER = 0x8000_0000L;
  private static final byte DISK = 0x11;
  private static final byte MINE = 0x22;
  private static final byte NEWER = 0x33;

  private static void fill(Guest guest, long address, byte value) {
    for (int i = 0; i < SECTOR; i++) {
      guest.memory.writeByte(address + i, value);
    }
  }

  private static void assertAll(Guest guest, long address, byte value) {
    for (int i = 0; i < SECTOR; i++) {
      assertThat((byte) guest.memory.readByte(address + i)).isEqualTo(value);
    }
  }

  private static byte[] sector(byte value) {
    byte[] bytes = new byte[SECTOR];
    Arrays.fill(bytes, value);
    return bytes;
  }

  /** A read into {@code buffer} and a write of {@code BUFFER + SECTOR} that the disk keeps. */
  private static AhciDriver stall(Guest guest, EventNotifier irq, long buffer) {
    guest.enable(MSI, irq);
    AhciDriver driver = guest.driver();
    guest.ramDisk().poke(0, sector(DISK));
    fill(guest, BUFFER + SECTOR, MINE);
    guest.onMainLoop(guest.ramDisk()::hold);
    driver.submit(0, Operation.READ, 0, buffer, SECTOR);
    driver.submit(1, Operation.WRITE, SECTOR, BUFFER + SECTOR, SECTOR);
    guest.client.load32(VfioUserClient.BAR);
    guest.onMainLoop(() -> assertThat(guest.ramDisk().heldCount()).isEqualTo(2));
    return driver;
  }

  private static void goOn(Guest guest) {
    guest.onMainLoop(() -> {
      guest.ramDisk().stopHolding();
      guest.ramDisk().releaseAll();
    });
    guest.onMainLoop(() -> {}); // and what that has put off
  }

  @Test
  @DisplayName("DMA_UNMAP of what a read in flight was to fill: at once, and nothing is written")
  void unmap() {
    try (Guest guest = new Guest().up();
        EventNotifier irq = new EventNotifier()) {
      assertThat(guest.client.dmaMap(OTHER, 0x1000, LENT, READ_WRITE, guest.memfd)).isZero();
      AhciDriver driver = stall(guest, irq, OTHER);
      assertThat(guest.client.dmaUnmap(OTHER, 0x1000, 0)).isZero();
      fill(guest, LENT, NEWER);
      goOn(guest);
      List<Integer> statuses = new ArrayList<>();
      guest.complete(driver, MSI, irq, 1, (tag, status) -> statuses.add(status));
      assertThat(statuses).as("the buffer is outside RAM").contains(AhciDriver.HOST_ERROR);
      assertAll(guest, LENT, NEWER);
      assertThat(guest.ramDisk().peek(SECTOR, SECTOR)).isEqualTo(sector(MINE));
    }
  }

  @Test
  @DisplayName("DMA_UNMAP of other memory does not concern what is in flight")
  void unmapOther() {
    try (Guest guest = new Guest().up();
        EventNotifier irq = new EventNotifier()) {
      assertThat(guest.client.dmaMap(OTHER, 0x1000, LENT, READ_WRITE, guest.memfd)).isZero();
      AhciDriver driver = stall(guest, irq, BUFFER);
      assertThat(guest.client.dmaUnmap(OTHER, 0x1000, 0)).isZero();
      goOn(guest);
      guest.complete(driver, MSI, irq, 2, (tag, status) -> assertThat(status).isZero());
      assertAll(guest, BUFFER, DISK);
    }
  }

  @Test
  @DisplayName("DMA_UNMAP of all: at once; everything can be mapped again")
  void unmapAll() {
    try (Guest guest = new Guest().up();
        EventNotifier irq = new EventNotifier()) {
      stall(guest, irq, BUFFER);
      assertThat(guest.client.dmaUnmap(0, 0, ALL)).isZero();
      fill(guest, BUFFER, NEWER);
      goOn(guest);
      assertAll(guest, BUFFER, NEWER);
      guest.mapRam();
      assertThat(guest.client.reset()).isZero();
      assertServed(guest, irq);
    }
  }

  @Test
  @DisplayName(
      "VFIO_USER_DEVICE_RESET: at once; the disk is ready, and reads wait for the late write")
  void reset() {
    try (Guest guest = new Guest().up();
        EventNotifier irq = new EventNotifier()) {
      AhciDriver driver = stall(guest, irq, BUFFER);
      assertThat(guest.client.reset()).isZero();
      assertThat(guest.client.read(REGION_CONFIG, COMMAND, 2)).isZero();
      assertThat(driver.port().read(AhciRegisters.PX_SACT)).isZero();
      assertThat(driver.port().read(AhciRegisters.PX_CLB)).isZero();
      assertThat(driver.port().read(AhciRegisters.PX_SSTS)).isEqualTo(0x113);
      assertThat(guest.deviceMemory.regions()).as("memory stays").hasSize(1);
      guest.onMainLoop(() -> assertThat(guest.ramDisk().heldCount()).isEqualTo(2));
      fill(guest, BUFFER, NEWER);
      goOn(guest);
      assertAll(guest, BUFFER, NEWER);
      assertThat(guest.ramDisk().peek(SECTOR, SECTOR)).isEqualTo(sector(MINE));
      assertServed(guest, irq);
    }
  }

  @Test
  @DisplayName("Client Disconnection: at once; the next client is served, and its memory its own")
  void disconnect() {
    try (Guest guest = new Guest().up();
        EventNotifier irq = new EventNotifier();
        EventNotifier next = new EventNotifier()) {
      stall(guest, irq, BUFFER);
      guest.leave();
      assertThat(guest.deviceMemory.regions()).isEmpty();
      guest.connect();
      guest.up();
      guest.enable(MSI, next);
      assertThat(guest.client.load32(VfioUserClient.BAR + AhciRegisters.GHC))
          .isEqualTo(AhciRegisters.GHC_AE);
      guest.onMainLoop(() -> assertThat(guest.ramDisk().heldCount()).isEqualTo(2));
      fill(guest, BUFFER, NEWER);
      goOn(guest);
      assertAll(guest, BUFFER, NEWER);
      assertThat(guest.ramDisk().peek(SECTOR, SECTOR)).isEqualTo(sector(MINE));
      assertServed(guest, next);
    }
  }

  @Test
  @DisplayName(
      "Client Disconnection: a late write is on the disk before anything of the next client")
  void lateWritesComeFirst() {
    try (Guest guest = new Guest().up();
        EventNotifier irq = new EventNotifier()) {
      guest.enable(MSI, irq);
      AhciDriver first = guest.driver();
      fill(guest, BUFFER, MINE);
      guest.onMainLoop(guest.ramDisk()::hold);
      first.submit(0, Operation.WRITE, 0, BUFFER, SECTOR);
      guest.client.load32(VfioUserClient.BAR);
      guest.leave();

      guest.connect();
      guest.up();
      guest.enable(MSI, irq);
      AhciDriver second = new AhciDriver(guest.client, VfioUserClient.BAR, 0, guest.allocator);
      AhciPortAccess port = second.port();
      // Without a reset, after which the disk would be busy until the write is back.
      port.attachMemory(second.tables().commandList(), second.tables().fisArea());
      port.start();
      fill(guest, BUFFER, NEWER);
      issue(second, 0, AtaCommand.WRITE_FPDMA_QUEUED, 0, BUFFER);
      issue(second, 1, AtaCommand.READ_FPDMA_QUEUED, 0, BUFFER + SECTOR);
      issue(second, 2, AtaCommand.WRITE_FPDMA_QUEUED, 1, BUFFER);
      assertThat(port.read(AhciRegisters.PX_SACT)).isEqualTo(7);
      guest.onMainLoop(() -> {
        assertThat(guest.ramDisk().heldCount()).as("nothing of the second is begun").isEqualTo(1);
        guest.ramDisk().release(0);
        assertThat(guest.ramDisk().peek(0, SECTOR)).isEqualTo(sector(MINE));
      });
      guest.onMainLoop(() -> assertThat(guest.ramDisk().heldCount()).isEqualTo(3));
      goOn(guest);
      while (port.read(AhciRegisters.PX_SACT) != 0) {
        assertThat(port.read(AhciRegisters.PX_IS) & AhciRegisters.IS_TFES).isZero();
      }
      assertThat(guest.ramDisk().peek(0, SECTOR)).isEqualTo(sector(NEWER));
      assertAll(guest, BUFFER + SECTOR, NEWER);
    }
  }

  private static void issue(AhciDriver driver, int tag, int command, long lba, long buffer) {
    driver.tables().command(tag, command, 1, lba, tag << 3, 0x40);
    boolean write = command == AtaCommand.WRITE_FPDMA_QUEUED;
    int prds = driver.tables().prds(tag, buffer, SECTOR);
    driver.tables().header(tag, write ? AhciRegisters.HEADER_WRITE : 0, prds);
    driver.port().write(AhciRegisters.PX_SACT, 1 << tag);
    driver.port().write(AhciRegisters.PX_CI, 1 << tag);
  }

  @Test
  @DisplayName("A guest that takes bus mastering away has its memory to itself at once")
  void busMasterOff() {
    try (Guest guest = new Guest().up();
        EventNotifier irq = new EventNotifier()) {
      stall(guest, irq, BUFFER);
      assertThat(guest.client.write(REGION_CONFIG, COMMAND, 2, MEMORY_ONLY)).isZero();
      assertThat(guest.client.read(REGION_CONFIG, COMMAND, 2)).isEqualTo(MEMORY_ONLY);
      fill(guest, BUFFER, NEWER);
      goOn(guest);
      assertAll(guest, BUFFER, NEWER);
      assertThat(guest.ramDisk().peek(SECTOR, SECTOR)).isEqualTo(sector(MINE));
      assertThat(guest.client.reset()).isZero();
      assertServed(guest, irq);
    }
  }

  private static void assertServed(Guest guest, EventNotifier irq) {
    guest.signals(irq);
    guest.enable(MSI, irq);
    AhciDriver driver = guest.driver();
    fill(guest, BUFFER, NEWER);
    driver.submit(0, Operation.READ, 0, BUFFER, SECTOR);
    guest.complete(driver, MSI, irq, 1, (tag, status) -> assertThat(status).isZero());
    assertAll(guest, BUFFER, DISK);
  }
}
