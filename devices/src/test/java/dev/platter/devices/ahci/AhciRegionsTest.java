package dev.platter.devices.ahci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.AhciCommandTables;
import dev.platter.devices.driver.AhciDriver;
import dev.platter.devices.driver.AhciPortAccess;
import dev.platter.devices.driver.GuestAllocator;
import dev.platter.devices.testkit.DirectCpu;
import dev.platter.devices.testkit.ManualLoop;
import dev.platter.devices.testkit.RamDisk;
import dev.platter.devices.testkit.RecordingIrq;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A guest whose RAM is two adjacent regions: a plugged DIMM, or pages that an IOMMU has mapped. */
class AhciRegionsTest {
  private static final long HBA = 0xfebf_0000L;
  private static final int BORDER = 16 << 20;

  private final DirectCpu cpu =
      new DirectCpu(new DirectCpu.Ram(0, BORDER), new DirectCpu.Ram(BORDER, BORDER));
  private final RamDisk disk = new RamDisk(1 << 20, 512, List.of());
  private final AhciController controller =
      new AhciController(
          cpu.memory(),
          new RecordingIrq(),
          List.of(new AhciDisk(disk, "M", "S", "F")),
          new ManualLoop());
  private final AhciDriver driver;
  private final AhciPortAccess port;
  private final AhciCommandTables tables;

  AhciRegionsTest() {
    cpu.map(HBA, controller.mmioSizeBytes(), controller);
    disk.reachOnly(controller.pools());
    driver = new AhciDriver(cpu, HBA, 0, new GuestAllocator(1 << 20, 8 << 20), () -> {});
    port = driver.port();
    tables = driver.tables();
    driver.bringUp();
  }

  @AfterEach
  void close() {
    controller.close();
    disk.close();
    cpu.close();
  }

  @Test
  @DisplayName("AHCI 4.2.3: a PRD table over the border of two adjacent regions is a table in RAM")
  void table() {
    long table = BORDER - 128 - 8 * 16; // eight entries below the border, eight above
    tables.command(0, 0x25, 0, 0, 16, 0x40);
    for (int i = 0; i < 5; i++) {
      cpu.memory().writeInt(table + 4L * i, cpu.memory().readInt(tables.table(0) + 4L * i));
    }
    for (int i = 0; i < 16; i++) {
      long at = table + 128 + 16L * i;
      cpu.memory().writeLong(at, 0x40_0000 + 512L * i);
      cpu.memory().writeInt(at + 12, 511);
    }
    tables.header(0, 0, 16);
    cpu.memory().writeLong(tables.commandList() + 8, table);
    byte[] data = AhciFixture.pattern(1, 8192);
    disk.poke(0, data);
    port.write(AhciRegisters.PX_CI, 1);
    assertThat(port.read(AhciRegisters.PX_IS) & AhciRegisters.IS_HBFS).isZero();
    assertThat(disk.count(Operation.READ)).isEqualTo(1);
    for (int i = 0; i < 8192; i++) {
      assertThat(cpu.memory().readByte(0x40_0000 + i)).isEqualTo(data[i] & 0xff);
    }
  }

  @Test
  @DisplayName("The command FIS, data, IDENTIFY and log buffers may lie across the border, too")
  void buffers() {
    byte[] data = AhciFixture.pattern(2, 512);
    disk.poke(0, data);
    assertThat(driver.executePolled(0x25, 0, 0, 1, 0, BORDER - 256, 512, false)).isZero();
    for (int i = 0; i < 512; i++) {
      assertThat(cpu.memory().readByte(BORDER - 256 + i)).isEqualTo(data[i] & 0xff);
    }
    assertThat(driver.executePolled(0x35, 0, 8, 1, 0, BORDER - 256, 512, true)).isZero();
    assertThat(disk.peek(8 * 512, 512)).isEqualTo(data);
    assertThat(driver.executePolled(0xec, 0, 0, 0, 0, BORDER - 256, 512, false)).isZero();
    assertThat(cpu.memory().readByte(BORDER - 256 + 510)).isEqualTo(0xa5);
    assertThat(driver.executePolled(0x2f, 0, 0x10, 1, 0, BORDER - 256, 512, false)).isZero();
    assertThat(driver.executePolled(0x06, 1, 0, 1, 0, BORDER - 256, 512, true)).isZero();
  }
}
