package dev.platter.devices.ahci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.devices.ata.TrimRanges;
import dev.platter.devices.block.BlockRequest.Operation;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Stops and resets while the backend still has requests. */
class AhciDrainTest {
  private static final int CR = AhciRegisters.CMD_CR;
  private static final int ST = AhciRegisters.CMD_ST;

  private static AhciFixture withTwoInFlight() {
    AhciFixture f = AhciFixture.ready();
    f.disk.hold();
    long buffer = f.buffer(4096);
    f.issueQueuedRead(0, 0, buffer);
    f.issueQueuedRead(1, 1, buffer + 512);
    return f;
  }

  private static byte[] fisArea(AhciFixture f) {
    return f.dump(f.tables.fisArea(), AhciRegisters.RFIS_BYTES);
  }

  @Test
  @DisplayName("AHCI 3.3.7, 10.3.2: PxCMD.CR reads 1 until the last transfer is over")
  void commandListRunsUntilDrained() {
    try (AhciFixture f = withTwoInFlight()) {
      f.port.requestStop();
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isZero();
      assertThat(f.port.read(AhciRegisters.PX_CMD) & (ST | CR)).isEqualTo(CR);
      byte[] before = fisArea(f);
      f.disk.release(0);
      assertThat(f.port.read(AhciRegisters.PX_CMD) & CR).isEqualTo(CR);
      f.disk.release(0);
      assertThat(f.port.read(AhciRegisters.PX_CMD) & CR).isZero();
      assertThat(f.port.read(AhciRegisters.PX_IS)).as("nobody is told").isZero();
      assertThat(fisArea(f)).isEqualTo(before);
    }
  }

  @Test
  @DisplayName("PxCMD.ST 1-0-1 with I/O in flight: new commands wait for the old ones to end")
  void restartWithInFlight() {
    try (AhciFixture f = withTwoInFlight()) {
      f.port.requestStop();
      f.port.start();
      assertThat(f.port.read(AhciRegisters.PX_CMD) & (ST | CR)).isEqualTo(ST | CR);
      long buffer = f.buffer(512);
      f.disk.poke(5 * 512, AhciFixture.pattern(5, 512));
      f.issueQueuedRead(0, 5, buffer);
      assertThat(f.disk.heldCount()).as("not fetched yet").isEqualTo(2);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isEqualTo(1);
      f.disk.release(1);
      f.disk.release(0);
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isEqualTo(1);
      assertThat(f.port.read(AhciRegisters.PX_IS)).isZero();
      assertThat(f.disk.heldCount()).as("fetched now").isEqualTo(1);
      f.disk.release(0);
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isZero();
      assertThat(f.dump(buffer, 512)).isEqualTo(AhciFixture.pattern(5, 512));
    }
  }

  @Test
  @DisplayName("PxCMD.ST toggled many times with I/O in flight loses and duplicates nothing")
  void toggleOften() {
    try (AhciFixture f = withTwoInFlight()) {
      for (int i = 0; i < 10; i++) {
        f.port.requestStop();
        f.port.start();
        f.issueQueuedRead(i, i, f.buffer(512));
      }
      assertThat(f.port.read(AhciRegisters.PX_CI)).as("the last start's").isEqualTo(1 << 9);
      f.disk.release(0);
      f.disk.release(0);
      assertThat(f.disk.heldCount()).isEqualTo(1);
      f.disk.release(0);
      assertThat(f.controller.inFlight()).isZero();
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isZero();
    }
  }

  @Test
  @DisplayName("A command that is not queued keeps BSY after a stop, until its transfer is over")
  void busyUntilDrained() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      f.issue(0, 0xea, 0, 0, 0, 0, 0);
      f.port.requestStop();
      assertThat(f.port.read(AhciRegisters.PX_TFD) & 0x80).isEqualTo(0x80);
      f.port.start();
      f.issue(0, 0xe5, 0, 0, 0, 0, 0);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isEqualTo(1);
      f.disk.release(0);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x50);
    }
  }

  @Test
  @DisplayName("AHCI 10.4.2: a COMRESET with I/O in flight ends when the I/O has")
  void comresetWithInFlight() {
    try (AhciFixture f = withTwoInFlight()) {
      f.port.requestStop();
      f.port.requestComreset();
      assertThat(f.port.read(AhciRegisters.PX_SSTS)).isZero();
      byte[] before = fisArea(f);
      f.disk.release(0);
      assertThat(f.port.read(AhciRegisters.PX_SSTS)).isZero();
      assertThat(f.port.read(AhciRegisters.PX_SIG)).isEqualTo(-1);
      assertThat(fisArea(f)).isEqualTo(before);
      f.disk.release(0);
      assertThat(f.port.read(AhciRegisters.PX_SSTS)).isEqualTo(0x113);
      assertThat(f.port.read(AhciRegisters.PX_SIG)).isEqualTo(0x101);
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x150);
      f.disk.stopHolding();
      f.driver.bringUp();
    }
  }

  @Test
  @DisplayName("A second COMRESET while the first one waits leaves the link down until its end")
  void comresetTwice() {
    try (AhciFixture f = withTwoInFlight()) {
      f.port.requestStop();
      f.port.requestComreset();
      f.port.write(AhciRegisters.PX_SCTL, 1);
      f.disk.release(0);
      f.disk.release(0);
      assertThat(f.port.read(AhciRegisters.PX_SSTS)).as("still asserted").isZero();
      f.port.write(AhciRegisters.PX_SCTL, 0);
      assertThat(f.port.read(AhciRegisters.PX_SSTS)).isEqualTo(0x113);
    }
  }

  @Test
  @DisplayName("A COMRESET with PxCMD.ST still set drops what was issued and goes on")
  void comresetWhileStarted() {
    try (AhciFixture f = withTwoInFlight()) {
      f.port.requestComreset();
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isZero();
      f.disk.releaseAll();
      assertThat(f.port.read(AhciRegisters.PX_SSTS)).isEqualTo(0x113);
      f.issueQueuedRead(0, 0, f.buffer(512));
      f.disk.release(0);
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isZero();
    }
  }

  @Test
  @DisplayName("AHCI 10.4.3: GHC.HR reads 1 until the I/O in flight has ended; writes are ignored")
  void hbaResetWithInFlight() {
    try (AhciFixture f = withTwoInFlight()) {
      f.port.writeHba(AhciRegisters.GHC, 0x80000001);
      assertThat(f.register(AhciRegisters.GHC)).isEqualTo(0x80000001);
      assertThat(f.port.read(AhciRegisters.PX_SSTS)).isZero();
      f.port.write(AhciRegisters.PX_CMD, ST);
      assertThat(f.port.read(AhciRegisters.PX_CMD) & ST).isZero();
      f.disk.release(0);
      assertThat(f.register(AhciRegisters.GHC)).isEqualTo(0x80000001);
      f.disk.release(0);
      assertThat(f.register(AhciRegisters.GHC)).isEqualTo(0x80000000);
      assertThat(f.port.read(AhciRegisters.PX_SSTS)).isEqualTo(0x113);
      assertThat(f.irq.asserted()).isFalse();
    }
  }

  @Test
  @DisplayName("AHCI 10.4.1: a software reset with queued I/O in flight answers after it")
  void softwareResetWithInFlight() {
    try (AhciFixture f = withTwoInFlight()) {
      f.tables.control(2, 4);
      f.tables.header(2, AhciRegisters.HEADER_RESET | AhciRegisters.HEADER_CLEAR_BUSY, 0);
      f.port.write(AhciRegisters.PX_CI, 4);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
      f.tables.control(3, 0);
      f.tables.header(3, 0, 0);
      f.port.write(AhciRegisters.PX_CI, 8);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isEqualTo(8);
      f.disk.releaseAll();
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x150);
    }
  }

  @Test
  @DisplayName("TRIM against drain: a stopped TRIM begins no further range")
  void trimAgainstStop() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      long ranges = f.buffer(512);
      for (int i = 0; i < 4; i++) {
        f.cpu.memory().writeLong(ranges + 8L * i, TrimRanges.encode(100L * i, 10));
      }
      int write = AhciRegisters.HEADER_WRITE;
      f.issue(0, 0x06, 1, 0, 1, write, f.tables.prds(0, ranges, 512));
      assertThat(f.disk.heldCount()).isEqualTo(1);
      f.disk.release(0);
      assertThat(f.disk.held(0).offsetBytes()).isEqualTo(100 * 512);
      assertThat(f.disk.held(0).operation()).isEqualTo(Operation.DISCARD);
      f.port.requestStop();
      assertThat(f.port.read(AhciRegisters.PX_CMD) & CR).isEqualTo(CR);
      f.disk.release(0);
      assertThat(f.disk.heldCount()).isZero();
      assertThat(f.port.read(AhciRegisters.PX_CMD) & CR).isZero();
      assertThat(f.disk.count(Operation.DISCARD)).isEqualTo(2);

      f.port.start();
      f.issue(0, 0x06, 1, 0, 1, write, f.tables.prds(0, ranges, 512));
      f.disk.releaseAll();
      assertThat(f.disk.count(Operation.DISCARD)).isEqualTo(6);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
    }
  }

  @Test
  @DisplayName("close() refuses while something is in flight, and may be called twice")
  void close() {
    try (AhciFixture f = withTwoInFlight()) {
      assertThat(f.controller.inFlight()).isEqualTo(2);
      assertThatThrownBy(f.controller::close).isInstanceOf(IllegalStateException.class);
      f.disk.releaseAll();
      f.controller.close();
      f.controller.close();
      f.port.write(AhciRegisters.PX_CI, -1);
    }
  }
}
