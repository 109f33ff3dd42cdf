package dev.platter.devices.ahci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.devices.driver.AhciDriver;
import dev.platter.devices.driver.AhciIdentity;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class AhciBringUpTest {
  @Test
  @DisplayName("AHCI 3.1: generic registers are ICH9's with CAP.SCLO, CAP2 and BOHC read 0")
  void genericRegisters() {
    try (AhciFixture f = new AhciFixture()) {
      assertThat(f.register(0x00)).isEqualTo(0xc1141f05);
      assertThat(f.register(0x04)).isEqualTo(0x80000000);
      assertThat(f.register(0x08)).isZero();
      assertThat(f.register(0x0c)).isEqualTo(0x3f);
      assertThat(f.register(0x10)).isEqualTo(0x00010000);
      assertThat(f.register(0x24)).isZero();
      assertThat(f.register(0x28)).isZero();
      assertThat(f.controller.mmioSizeBytes()).isEqualTo(4096);
    }
  }

  @Test
  @DisplayName("AHCI 3.3: a port with a disk after power-on, and one without")
  void portRegistersAfterPowerOn() {
    try (AhciFixture f = new AhciFixture()) {
      assertThat(f.port.read(AhciRegisters.PX_SSTS)).isEqualTo(0x113);
      assertThat(f.port.read(AhciRegisters.PX_SIG)).isEqualTo(0x101);
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x150);
      assertThat(f.port.read(AhciRegisters.PX_CMD)).isEqualTo(6);
      int empty = 0x100 + 0x80;
      assertThat(f.register(empty + AhciRegisters.PX_SSTS)).isZero();
      assertThat(f.register(empty + AhciRegisters.PX_SIG)).isEqualTo(-1);
      assertThat(f.register(empty + AhciRegisters.PX_TFD)).isEqualTo(0x7f);
    }
  }

  @Test
  @DisplayName("AHCI 10.1.2, ACS-3 7.12: the driver brings the disk up and reads what it is")
  void bringUp() {
    try (AhciFixture f = AhciFixture.ready()) {
      AhciIdentity identity = f.driver.identity();
      assertThat(identity.model()).isEqualTo("PLATTER TEST");
      assertThat(identity.serial()).isEqualTo("S-0001");
      assertThat(identity.firmware()).isEqualTo("1.0");
      assertThat(identity.trim()).isTrue();
      assertThat(identity.writeCache()).isTrue();
      assertThat(f.driver.queueDepth()).isEqualTo(32);
      assertThat(f.driver.capacityBytes()).isEqualTo(AhciFixture.DISK_BYTES);
      assertThat(f.driver.maxTransferBytes()).isEqualTo(32 << 20);
      assertThat(f.irq.asserted()).isFalse();
    }
  }

  @Test
  @DisplayName("AHCI 3.3.1-3.3.4: base addresses keep only their aligned bits")
  void baseAddressesAreAligned() {
    try (AhciFixture f = new AhciFixture()) {
      f.port.write(AhciRegisters.PX_CLB, -1);
      f.port.write(AhciRegisters.PX_CLBU, 0x12345678);
      f.port.write(AhciRegisters.PX_FB, -1);
      assertThat(f.port.read(AhciRegisters.PX_CLB)).isEqualTo(0xfffffc00);
      assertThat(f.port.read(AhciRegisters.PX_CLBU)).isEqualTo(0x12345678);
      assertThat(f.port.read(AhciRegisters.PX_FB)).isEqualTo(0xffffff00);
    }
  }

  @Test
  @DisplayName("AHCI 4.2.1: the signature FIS of a reset waits for PxCMD.FRE")
  void signatureWaitsForFisReceive() {
    try (AhciFixture f = new AhciFixture()) {
      long rfis = f.tables.fisArea() + AhciRegisters.RFIS_D2H;
      f.port.write(AhciRegisters.PX_FB, (int) f.tables.fisArea());
      assertThat(f.cpu.memory().readInt(rfis)).isZero();
      f.port.write(AhciRegisters.PX_CMD, AhciRegisters.CMD_FRE);
      assertThat(f.port.read(AhciRegisters.PX_CMD)).isEqualTo(0x4016);
      assertThat(f.cpu.memory().readInt(rfis)).isEqualTo(0x01500034);
      assertThat(f.cpu.memory().readInt(rfis + 4)).isEqualTo(1);
      assertThat(f.cpu.memory().readInt(rfis + 12)).isEqualTo(1);
      assertThat(f.port.read(AhciRegisters.PX_IS)).as("the I bit is clear").isZero();
    }
  }

  @Test
  @DisplayName("AHCI 3.3.10-3.3.12: COMRESET takes the link down, and reports the exchange")
  void comreset() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.port.stop();
      f.port.write(AhciRegisters.PX_SCTL, 1);
      assertThat(f.port.read(AhciRegisters.PX_SSTS)).isZero();
      assertThat(f.port.read(AhciRegisters.PX_SIG)).isEqualTo(-1);
      f.port.write(AhciRegisters.PX_SCTL, 0);
      assertThat(f.port.read(AhciRegisters.PX_SSTS)).isEqualTo(0x113);
      assertThat(f.port.read(AhciRegisters.PX_SIG)).isEqualTo(0x101);
      int exchanged = AhciRegisters.SERR_DIAG_X | AhciRegisters.SERR_DIAG_N;
      assertThat(f.port.read(AhciRegisters.PX_SERR)).isEqualTo(exchanged);
      int connect = AhciRegisters.IS_PCS | AhciRegisters.IS_PRCS;
      f.port.write(AhciRegisters.PX_IS, -1);
      assertThat(f.port.read(AhciRegisters.PX_IS)).as("PCS follows PxSERR").isEqualTo(connect);
      f.port.write(AhciRegisters.PX_SERR, -1);
      assertThat(f.port.read(AhciRegisters.PX_IS)).isZero();
    }
  }

  @Test
  @DisplayName("AHCI 3.3.11: DET = 4 puts the interface off line, 0 brings it back")
  void offline() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.port.stop();
      f.port.write(AhciRegisters.PX_SCTL, 4);
      assertThat(f.port.read(AhciRegisters.PX_SSTS)).isEqualTo(4);
      f.port.write(AhciRegisters.PX_SCTL, 0);
      assertThat(f.port.read(AhciRegisters.PX_SSTS)).isEqualTo(0x113);
    }
  }

  @Test
  @DisplayName("AHCI 3.3.7: PxCMD.CLO forgets BSY while ST is 0, reads 0, and lets a reset through")
  void commandListOverride() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      f.issue(0, 0xea, 0, 0, 0, 0, 0);
      int override = AhciRegisters.CMD_CLO;
      f.port.write(AhciRegisters.PX_CMD, f.port.read(AhciRegisters.PX_CMD) | override);
      assertThat(f.port.busy()).as("not while ST is 1").isTrue();
      f.port.requestStop();
      assertThat(f.port.busy()).as("the flush is not over").isTrue();
      f.port.write(AhciRegisters.PX_CMD, f.port.read(AhciRegisters.PX_CMD) | override);
      assertThat(f.port.busy()).isFalse();
      assertThat(f.port.read(AhciRegisters.PX_CMD) & override).isZero();
      f.port.start();
      f.tables.control(0, 4);
      f.tables.header(0, AhciRegisters.HEADER_RESET | AhciRegisters.HEADER_CLEAR_BUSY, 0);
      f.port.write(AhciRegisters.PX_CI, 1);
      f.tables.control(1, 0);
      f.tables.header(1, 0, 0);
      f.port.write(AhciRegisters.PX_CI, 2);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x150);
    }
  }

  @Test
  @DisplayName("AHCI 3: registers answer to 1, 2, 4 and 8 byte accesses")
  void accessSizes() {
    try (AhciFixture f = AhciFixture.ready()) {
      assertThat(f.controller.read(0, 1)).isEqualTo(0x05);
      assertThat(f.controller.read(1, 2)).isEqualTo(0x141f);
      assertThat(f.controller.read(2, 4))
          .as("CAP's upper half, GHC's lower")
          .isEqualTo(0x0002_c114L);
      assertThat(f.controller.read(0, 8)).isEqualTo(0x8000_0002_c114_1f05L);
      f.controller.write(0x100 + AhciRegisters.PX_CLB, 8, 0x1_2345_6789L);
      assertThat(f.port.read(AhciRegisters.PX_CLB)).isEqualTo(0x23456400);
      assertThat(f.port.read(AhciRegisters.PX_CLBU)).isEqualTo(1);
      f.controller.write(0x100 + AhciRegisters.PX_CLBU + 1, 1, 0xab);
      assertThat(f.port.read(AhciRegisters.PX_CLBU)).isEqualTo(0xab01);
      assertThat(f.controller.read(0xffc, 4)).isZero();
      assertThat(f.controller.read(0xfffc, 8)).isZero();
    }
  }

  @Test
  @DisplayName(
      "AHCI 3.1.2: an HBA reset keeps PxCLB and PxFB and leaves the rest as after power-on")
  void hbaReset() {
    try (AhciFixture f = AhciFixture.ready()) {
      int commandList = f.port.read(AhciRegisters.PX_CLB);
      f.port.resetController();
      assertThat(f.register(AhciRegisters.GHC)).isEqualTo(0x80000000);
      assertThat(f.port.read(AhciRegisters.PX_CLB)).isEqualTo(commandList);
      assertThat(f.port.read(AhciRegisters.PX_CMD)).isEqualTo(6);
      assertThat(f.port.read(AhciRegisters.PX_IE)).isZero();
      assertThat(f.port.read(AhciRegisters.PX_SSTS)).isEqualTo(0x113);
      f.driver.bringUp();
      assertThat(f.driver.capacityBytes()).isEqualTo(AhciFixture.DISK_BYTES);
    }
  }

  @Test
  @DisplayName("An empty port has no disk to bring up; starting and stopping it is harmless")
  void emptyPort() {
    try (AhciFixture f = new AhciFixture()) {
      AhciDriver other = new AhciDriver(f.cpu, AhciFixture.HBA, 3, f.allocator, () -> {});
      other.port().start();
      other.port().write(AhciRegisters.PX_CI, -1);
      other.port().requestComreset();
      assertThat(other.port().read(AhciRegisters.PX_SSTS)).isZero();
      other.port().stop();
      assertThat(other.port().read(AhciRegisters.PX_CI)).isZero();
    }
  }

  @Test
  @DisplayName("AHCI 3.1.4: 32 disks make 32 ports and an 8 KiB register range; 33 are refused")
  void manyDisks() {
    try (AhciFixture f = new AhciFixture()) {
      AhciDisk disk = new AhciDisk(f.disk, "M", "S", "F");
      try (AhciController big =
          new AhciController(f.cpu.memory(), f.irq, Collections.nCopies(32, disk), f.loop)) {
        assertThat(big.read(AhciRegisters.PI, 4)).isEqualTo(0xffff_ffffL);
        assertThat(big.read(0, 1)).isEqualTo(0x1f);
        assertThat(big.mmioSizeBytes()).isEqualTo(8192);
        assertThat(big.read(0x100 + 31 * 0x80 + AhciRegisters.PX_SSTS, 4)).isEqualTo(0x113);
      }
      List<AhciDisk> tooMany = Collections.nCopies(33, disk);
      assertThatThrownBy(() -> new AhciController(f.cpu.memory(), f.irq, tooMany, f.loop))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
