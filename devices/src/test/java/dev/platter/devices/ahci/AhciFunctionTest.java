package dev.platter.devices.ahci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.AhciDriver;
import dev.platter.devices.driver.GuestAllocator;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.devices.pci.PciBar;
import dev.platter.devices.pci.PciInterrupts;
import dev.platter.devices.pci.PciVectors;
import dev.platter.devices.testkit.DirectCpu;
import dev.platter.devices.testkit.ManualLoop;
import dev.platter.devices.testkit.RamDisk;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class AhciFunctionTest {
  private static final long BAR = 0xfebf_0000L;
  private static final int RAM_BYTES = 4 << 20;
  private static final int COMMAND = 0x04;
  private static final int STATUS = 0x06;
  private static final int MSI = 0x80;
  private static final int MEMORY_AND_MASTER = 6;

  private final DirectCpu cpu = new DirectCpu(new DirectCpu.Ram(0, RAM_BYTES));
  private final RamDisk disk = new RamDisk(1 << 20, 512, List.of());
  private final AhciFunction function =
      new AhciFunction(
          cpu.memory(), List.of(new AhciDisk(disk, "MODEL", "SERIAL", "FW")), new ManualLoop());
  private final GuestAllocator allocator = new GuestAllocator(0x1000, RAM_BYTES - 0x1000);
  private final AhciDriver driver = new AhciDriver(cpu, BAR, 0, allocator);
  private final List<String> interrupts = new ArrayList<>();

  AhciFunctionTest() {
    disk.reachOnly(function.pools());
    PciBar registers = function.bars().getFirst();
    cpu.map(BAR, registers.sizeBytes(), registers.registers());
    function.connect(
        new PciInterrupts() {
          @Override
          public void intx(boolean asserted) {
            interrupts.add(asserted ? "up" : "down");
          }

          @Override
          public void msi(int vector) {
            interrupts.add("message " + vector);
          }

          @Override
          public void msix(int vector) {
            throw new AssertionError("there is no MSI-X");
          }
        });
    interrupts.clear();
  }

  @AfterEach
  void close() {
    disk.releaseAll();
    function.close();
    cpu.close();
  }

  private long get(int offset, int size) {
    return function.config().read(offset, size);
  }

  private void set(int offset, int size, long value) {
    function.config().write(offset, size, value);
  }

  private void bringUp() {
    set(COMMAND, 2, MEMORY_AND_MASTER);
    driver.bringUp();
    interrupts.clear();
  }

  private void read(int tag) {
    driver.submit(tag, Operation.READ, 0, 0x20_0000, 512);
  }

  private int acknowledge() {
    return driver.interrupt((tag, status) -> assertThat(status).isZero());
  }

  @Test
  @DisplayName("PCI 6.1, AHCI 2.1: the identity, and what cannot be written")
  void header() {
    assertThat(get(0, 4)).isEqualTo(0x2922_8086L);
    assertThat(get(8, 4)).as("class 01.06.01, revision 2").isEqualTo(0x0106_0102L);
    assertThat(get(0x0e, 1)).as("header type").isZero();
    assertThat(get(STATUS, 2)).isEqualTo(0x0210);
    assertThat(get(0x34, 1)).isEqualTo(MSI);
    assertThat(get(0x3d, 1)).as("INTA#").isEqualTo(1);
    assertThat(get(0x90, 1) >> 6).as("AHCI mode").isEqualTo(1);
    for (int i = 0; i < 256; i += 4) {
      set(i, 4, 0xffff_ffffL);
    }
    assertThat(get(0, 4)).isEqualTo(0x2922_8086L);
    assertThat(get(8, 4)).isEqualTo(0x0106_0102L);
    assertThat(get(0x0e, 1)).isZero();
    assertThat(get(COMMAND, 2)).isEqualTo(0x0546);
    assertThat(get(STATUS, 2)).isEqualTo(0x0210);
    assertThat(get(0x2c, 4)).isEqualTo(0x2922_8086L);
    assertThat(get(0x34, 4)).isEqualTo(MSI);
    assertThat(get(0x3c, 2)).as("interrupt line is software's").isEqualTo(0x1ff);
  }

  @Test
  @DisplayName("PCI 6.2.5.1: BAR 5 is a 32-bit memory BAR of 4 KiB; the others are not there")
  void barSizing() {
    for (int bar = 0; bar < 6; bar++) {
      set(0x10 + 4 * bar, 4, 0xffff_ffffL);
      assertThat(get(0x10 + 4 * bar, 4)).isEqualTo(bar == 5 ? 0xffff_f000L : 0);
    }
    assertThat(function.bars()).hasSize(1);
    assertThat(function.bars().getFirst().index()).isEqualTo(5);
    assertThat(function.bars().getFirst().sizeBytes()).isEqualTo(4096);
    assertThat(function.vectors()).isEqualTo(new PciVectors(1, 1, 0));
    set(0x24, 4, BAR + 0x123);
    assertThat(get(0x24, 4)).isEqualTo(BAR);
    set(0x30, 4, 0xffff_ffffL);
    assertThat(get(0x30, 4)).as("no expansion ROM").isZero();
  }

  @Test
  @DisplayName("PCI 6.8.1: one message, a 64-bit address, data; what of it can be written")
  void msiCapability() {
    assertThat(get(MSI, 4)).isEqualTo(0x0080_0005L);
    set(MSI, 4, 0xffff_ffffL);
    set(MSI + 4, 8, -1);
    set(MSI + 12, 4, 0xffff_ffffL);
    assertThat(get(MSI, 4)).isEqualTo(0x00f1_0005L);
    assertThat(get(MSI + 4, 8)).isEqualTo(-4L);
    assertThat(get(MSI + 12, 4)).isEqualTo(0xffffL);
  }

  @Test
  @DisplayName("PCI 6.2.2, 6.2.3: INTx follows the line; its disable bit hides it, STATUS does not")
  void pin() {
    bringUp();
    read(0);
    assertThat(interrupts).containsExactly("up");
    assertThat(get(STATUS, 2)).isEqualTo(0x0218);
    set(COMMAND, 2, MEMORY_AND_MASTER | 0x400);
    assertThat(interrupts).containsExactly("up", "down");
    assertThat(get(STATUS, 2)).isEqualTo(0x0218);
    set(COMMAND, 2, MEMORY_AND_MASTER);
    assertThat(interrupts).containsExactly("up", "down", "up");
    assertThat(acknowledge()).isEqualTo(1);
    assertThat(interrupts).containsExactly("up", "down", "up", "down");
    assertThat(get(STATUS, 2)).isEqualTo(0x0210);
  }

  @Test
  @DisplayName("PCI 6.8.1, AHCI 10.7.2: with MSI enabled each edge is one message, and no INTx")
  void message() {
    bringUp();
    set(MSI + 2, 2, 1);
    read(0);
    assertThat(interrupts).containsExactly("message 0");
    assertThat(get(STATUS, 2)).isEqualTo(0x0210);
    read(1);
    assertThat(interrupts).as("the line is still up").hasSize(1);
    assertThat(acknowledge()).isEqualTo(2);
    read(0);
    assertThat(interrupts).containsExactly("message 0", "message 0");
  }

  @Test
  @DisplayName("Turning MSI on moves a pending interrupt from the pin to a message")
  void switchToMessages() {
    bringUp();
    read(0);
    set(MSI + 2, 2, 1);
    assertThat(interrupts).containsExactly("up", "down", "message 0");
    set(MSI + 2, 2, 0);
    assertThat(interrupts).containsExactly("up", "down", "message 0", "up");
  }

  @Test
  @DisplayName("PCI 6.2.2: without bus mastering nothing is fetched and no message is sent")
  void busMaster() {
    bringUp();
    set(MSI + 2, 2, 1);
    set(COMMAND, 2, 2);
    read(0);
    assertThat(disk.count(Operation.READ)).isZero();
    assertThat(interrupts).isEmpty();
    set(COMMAND, 2, MEMORY_AND_MASTER);
    assertThat(disk.count(Operation.READ)).isEqualTo(1);
    assertThat(interrupts).containsExactly("message 0");
  }

  private long fisArea() {
    return driver.tables().fisArea() + AhciRegisters.RFIS_D2H;
  }

  @Test
  @DisplayName("PCI 6.2.2: without bus mastering a reset disk's signature FIS waits")
  void signatureWaitsForBusMaster() {
    bringUp();
    driver.port().stop();
    set(COMMAND, 2, 2);
    cpu.memory().writeInt(fisArea(), 0x5a5a5a5a);
    driver.port().requestComreset();
    assertThat(cpu.memory().readInt(fisArea())).isEqualTo(0x5a5a5a5a);
    assertThat(driver.port().read(AhciRegisters.PX_SIG)).isEqualTo(0x101);
    set(COMMAND, 2, MEMORY_AND_MASTER);
    assertThat(cpu.memory().readInt(fisArea())).isEqualTo(0x01500034);
  }

  @Test
  @DisplayName("PCI 6.2.2: what is in flight when bus mastering goes writes no data, FIS or PRDBC")
  void inFlightWithoutBusMaster() {
    bringUp();
    disk.hold();
    disk.poke(0, new byte[] {1, 2, 3, 4});
    read(0);
    driver.tables().command(1, 0x25, 0, 0, 1, 0x40);
    driver.tables().header(1, 0, driver.tables().prds(1, 0x20_1000, 512));
    set(COMMAND, 2, 2);
    assertThat(driver.port().read(AhciRegisters.PX_IS)).isEqualTo(AhciRegisters.IS_HBFS);
    MemorySegment ram = cpu.ram().getFirst();
    byte[] before = ram.toArray(ValueLayout.JAVA_BYTE);
    disk.releaseAll();
    assertThat(ram.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(before);
    assertThat(driver.port().read(AhciRegisters.PX_SACT)).as("it never ends").isEqualTo(1);
    set(COMMAND, 2, MEMORY_AND_MASTER);
    assertThat(ram.toArray(ValueLayout.JAVA_BYTE)).as("nor later").isEqualTo(before);
    disk.stopHolding();
    driver.restart();
    driver.executePolled(0x25, 0, 0, 1, 0, 0x20_1000, 512, false);
    assertThat(cpu.memory().readInt(0x20_1000)).isEqualTo(0x04030201);
  }

  @Test
  @DisplayName("A reset with I/O in flight: nothing of it reaches memory, and the next life works")
  void resetWithInFlight() {
    bringUp();
    disk.hold();
    disk.poke(0, new byte[] {1, 2, 3, 4});
    read(0);
    function.reset();
    MemorySegment ram = cpu.ram().getFirst();
    byte[] before = ram.toArray(ValueLayout.JAVA_BYTE);
    assertThat(function.inFlight()).isEqualTo(1);
    disk.releaseAll();
    assertThat(ram.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(before);
    assertThat(function.inFlight()).isZero();
    disk.stopHolding();
    bringUp();
    read(0);
    assertThat(acknowledge()).isEqualTo(1);
  }

  @Test
  @DisplayName(
      "Memory that goes while a read is in flight: a host bus error, and nothing is written")
  void memoryGoes() {
    bringUp();
    disk.hold();
    disk.poke(0, new byte[] {1, 2, 3, 4});
    read(0);
    List<GuestMemory.Region> all = cpu.memory().regions();
    MemorySegment ram = cpu.ram().getFirst();
    cpu.memory().replace(List.of(new GuestMemory.Region(0, ram.asSlice(0, 0x20_0000))));
    byte[] before = ram.asSlice(0x20_0000).toArray(ValueLayout.JAVA_BYTE);
    disk.releaseAll();
    assertThat(ram.asSlice(0x20_0000).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(before);
    assertThat(driver.port().read(AhciRegisters.PX_IS)).isEqualTo(AhciRegisters.IS_HBFS);
    cpu.memory().replace(all);
  }

  @Test
  @DisplayName("A held function begins nothing, also when it becomes a bus master meanwhile")
  void hold() {
    bringUp();
    function.hold();
    set(COMMAND, 2, 2);
    read(0);
    set(COMMAND, 2, MEMORY_AND_MASTER);
    assertThat(disk.count(Operation.READ)).isZero();
    function.resume();
    assertThat(disk.count(Operation.READ)).isEqualTo(1);
  }

  @Test
  @DisplayName("Who holds it a second time, for a reason of its own, does not resume the first")
  void pauseTwice() {
    bringUp();
    function.hold();
    function.hold();
    read(0);
    function.resume();
    assertThat(disk.count(Operation.READ)).isZero();
    function.resume();
    assertThat(disk.count(Operation.READ)).isEqualTo(1);
  }

  @Test
  @DisplayName("A reset: configuration space and registers as at first, the pin down")
  void reset() {
    bringUp();
    read(0);
    set(0x24, 4, BAR);
    set(MSI + 4, 8, 0x1234_5678_9abcL);
    function.reset();
    assertThat(interrupts).containsExactly("up", "down");
    assertThat(get(COMMAND, 2)).isZero();
    assertThat(get(0x24, 4)).isZero();
    assertThat(get(MSI + 4, 8)).isZero();
    assertThat(cpu.load32(BAR + AhciRegisters.GHC)).isEqualTo(AhciRegisters.GHC_AE);
    bringUp();
    read(0);
    assertThat(acknowledge()).isEqualTo(1);
  }
}
