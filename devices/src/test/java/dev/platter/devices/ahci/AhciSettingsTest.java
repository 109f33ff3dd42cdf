package dev.platter.devices.ahci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.meter.Operation;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What a guest has switched on its disk, and how long that lasts. */
class AhciSettingsTest {
  private static final int ABORTED = 0x0441;

  private static int run(AhciFixture f, int command, int features, int count) {
    int result = f.driver.executePolled(command, features, 0, count, 0, 0, 0, false);
    if (result != 0) {
      f.driver.restart();
    }
    return result;
  }

  private static int word(AhciFixture f, int word) {
    long page = f.buffer(512);
    assertThat(f.driver.executePolled(0xec, 0, 0, 0, 0, page, 512, false)).isZero();
    return f.cpu.memory().readShort(page + 2L * word);
  }

  private static void comreset(AhciFixture f) {
    f.port.stop();
    f.port.comreset();
    f.port.start();
  }

  private static long forced(AhciFixture f) {
    long before = f.disk.forcedWrites();
    long buffer = f.buffer(512);
    assertThat(f.driver.executePolled(0x35, 0, 0, 1, 0, buffer, 512, true)).isZero();
    return f.disk.forcedWrites() - before;
  }

  @Test
  @DisplayName("SATA 13.5: settings survive a COMRESET and an HBA reset, and go with the power")
  void settingsArePreserved() {
    try (AhciFixture f = AhciFixture.ready()) {
      assertThat(run(f, 0xef, 0x82, 0)).isZero();
      assertThat(run(f, 0xef, 0x55, 0)).isZero();
      assertThat(run(f, 0xef, 0x03, 0x42)).isZero();
      assertThat(run(f, 0xc6, 0, 8)).isZero();
      comreset(f);
      assertThat(word(f, 85) & 0x60).as("cache and look-ahead stay off").isZero();
      assertThat(word(f, 88)).isEqualTo(0x047f);
      assertThat(word(f, 59)).isEqualTo(0x0108);
      assertThat(forced(f)).as("written through").isEqualTo(1);
      f.port.resetController();
      f.port.attachMemory(f.tables.commandList(), f.tables.fisArea());
      f.port.start();
      assertThat(word(f, 85) & 0x20).isZero();
      f.controller.powerCycle();
      f.port.attachMemory(f.tables.commandList(), f.tables.fisArea());
      f.port.start();
      assertThat(word(f, 85) & 0x60).isEqualTo(0x60);
      assertThat(forced(f)).isZero();
    }
  }

  @Test
  @DisplayName(
      "ACS-3 SET FEATURES 90h 06h: without preservation a COMRESET brings the defaults back")
  void preservationOff() {
    try (AhciFixture f = AhciFixture.ready()) {
      assertThat(run(f, 0xef, 0x90, 6)).isZero();
      assertThat(word(f, 79)).isZero();
      assertThat(run(f, 0xef, 0x82, 0)).isZero();
      comreset(f);
      assertThat(word(f, 85) & 0x20).isEqualTo(0x20);
      assertThat(word(f, 79)).as("still off").isZero();
      assertThat(run(f, 0xef, 0x10, 6)).isZero();
      assertThat(word(f, 79)).isEqualTo(0x40);
      assertThat(run(f, 0xef, 0x90, 5)).isEqualTo(ABORTED);
    }
  }

  @Test
  @DisplayName(
      "A software reset changes no setting, with settings preserved across a COMRESET or not")
  void softwareReset() {
    try (AhciFixture f = AhciFixture.ready()) {
      for (int preserve : new int[] {0x10, 0x90}) { // which is about COMRESET
        assertThat(run(f, 0xef, preserve, 6)).isZero();
        assertThat(run(f, 0xef, 0x82, 0)).isZero();
        assertThat(run(f, 0xef, 0x55, 0)).isZero();
        assertThat(run(f, 0xef, 0x03, 0x42)).isZero();
        assertThat(run(f, 0xc6, 0, 8)).isZero();
        f.softReset();
        assertThat(word(f, 85) & 0x60).as("cache and look-ahead stay off").isZero();
        assertThat(word(f, 88)).isEqualTo(0x047f);
        assertThat(word(f, 59)).isEqualTo(0x0108);
        assertThat(forced(f)).as("written through").isEqualTo(1);
      }
    }
  }

  @Test
  @DisplayName("ACS-3 SET FEATURES 82h: the cache is written before the answer, or stays on")
  void writeCacheOffFlushes() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      f.issue(0, 0xef, 0x82, 0, 0, 0, 0);
      assertThat(f.disk.held(0).operation()).isEqualTo(Operation.FLUSH);
      assertThat(f.port.read(AhciRegisters.PX_CI)).as("not answered yet").isEqualTo(1);
      f.disk.fail(0, Errno.EIO);
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(ABORTED);
      f.driver.restart();
      f.disk.stopHolding();
      assertThat(word(f, 85) & 0x20).as("still on").isEqualTo(0x20);
      assertThat(forced(f)).isZero();
      assertThat(run(f, 0xef, 0x82, 0)).isZero();
      assertThat(word(f, 85) & 0x20).isZero();
      assertThat(forced(f)).isEqualTo(1);
    }
  }

  @Test
  @DisplayName("A switch of the cache that a reset cuts off has not happened")
  void writeCacheOffCutShort() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      f.issue(0, 0xef, 0x82, 0, 0, 0, 0);
      comreset(f);
      f.disk.releaseAll();
      assertThat(word(f, 85) & 0x20).isEqualTo(0x20);
    }
  }

  @Test
  @DisplayName("ACS-3 7.12.7, words 63 and 88: one mode of one kind is selected")
  void transferModes() {
    try (AhciFixture f = AhciFixture.ready()) {
      assertThat(run(f, 0xef, 0x03, 0x22)).isZero();
      assertThat(word(f, 88)).isEqualTo(0x007f);
      assertThat(word(f, 63)).as("Multiword DMA 2").isEqualTo(0x0407);
      assertThat(run(f, 0xef, 0x03, 0x45)).isZero();
      assertThat(word(f, 88)).isEqualTo(0x207f);
      assertThat(word(f, 63)).isEqualTo(0x0007);
    }
  }

  private static int powerMode(AhciFixture f) {
    assertThat(run(f, 0xe5, 0, 0)).isZero();
    return f.cpu.memory().readByte(f.tables.fisArea() + AhciRegisters.RFIS_D2H + 12);
  }

  @Test
  @DisplayName(
      "ACS-3 CHECK POWER MODE: standby after STANDBY (IMMEDIATE), until the medium is used")
  void powerModes() {
    try (AhciFixture f = AhciFixture.ready()) {
      assertThat(powerMode(f)).isEqualTo(0xff);
      for (int standby : new int[] {0xe0, 0xe2, 0xe6}) {
        assertThat(run(f, standby, 0, 0)).isZero();
        assertThat(powerMode(f)).isZero();
        f.driver.submit(0, Operation.READ, 0, f.buffer(512), 512);
        f.interrupts();
        assertThat(powerMode(f)).isEqualTo(0xff);
      }
      assertThat(run(f, 0xe0, 0, 0)).isZero();
      assertThat(run(f, 0xe1, 0, 0)).as("IDLE IMMEDIATE").isZero();
      assertThat(powerMode(f)).isEqualTo(0xff);
      f.disk.setFault(r -> -Errno.EIO);
      assertThat(run(f, 0xe0, 0, 0)).as("its flush fails").isEqualTo(ABORTED);
      assertThat(powerMode(f)).isEqualTo(0xff);
    }
  }
}
