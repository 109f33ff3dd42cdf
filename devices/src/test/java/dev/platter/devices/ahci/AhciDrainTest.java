package dev.platter.devices.ahci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.devices.ata.TrimRanges;
import dev.platter.devices.block.meter.Operation;
import java.util.Arrays;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Stops and resets while the backend still has requests, which may come back late or never. */
class AhciDrainTest {
  private static final int CR = AhciRegisters.CMD_CR;
  private static final int ST = AhciRegisters.CMD_ST;
  private static final int WRITE_DMA_EXT = 0x35;
  private static final int FLUSH_CACHE_EXT = 0xea;

  private static final long SECOND = 1_000_000_000L;

  private static AhciFixture withTwoInFlight() {
    AhciFixture f = AhciFixture.ready();
    f.disk.hold();
    long buffer = f.buffer(4096);
    f.issueQueuedRead(0, 0, buffer);
    f.issueQueuedRead(1, 1, buffer + 512);
    return f;
  }

  /** The backend does not come back as long as the disk waits for it. */
  private static void comreset(AhciFixture f) {
    f.port.requestComreset();
    f.loop.pass(CommandList.PATIENCE_NANOS);
    assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x150);
  }

  private static byte[] ram(AhciFixture f) {
    return f.dump(0, 2 << 20);
  }

  private static void write(AhciFixture f, int slot, long lba, long buffer) {
    f.issue(
        slot,
        WRITE_DMA_EXT,
        0,
        lba,
        1,
        AhciRegisters.HEADER_WRITE,
        f.tables.prds(slot, buffer, 512));
  }

  @Test
  @DisplayName("AHCI 10.3.2: PxCMD.CR falls with ST; late reads touch nothing of the guest's")
  void commandListStopsAtOnce() {
    try (AhciFixture f = withTwoInFlight()) {
      f.disk.poke(0, AhciFixture.pattern(1, 1024));
      f.port.requestStop();
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isZero();
      assertThat(f.port.read(AhciRegisters.PX_CMD) & (ST | CR)).isZero();
      byte[] before = ram(f);
      f.disk.releaseAll();
      assertThat(f.port.read(AhciRegisters.PX_IS)).as("nobody is told").isZero();
      assertThat(ram(f)).isEqualTo(before);
      assertThat(f.controller.pools().getFirst().inUse()).isZero();
    }
  }

  @Test
  @DisplayName("PxCMD.ST 1-0-1 with reads in flight: new ones in the same slots run beside them")
  void restartWithInFlight() {
    try (AhciFixture f = withTwoInFlight()) {
      f.port.requestStop();
      f.port.start();
      long buffer = f.buffer(512);
      f.disk.poke(5 * 512, AhciFixture.pattern(5, 512));
      f.issueQueuedRead(0, 5, buffer);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
      assertThat(f.disk.heldCount()).isEqualTo(3);
      f.disk.release(1);
      f.disk.release(0);
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isEqualTo(1);
      assertThat(f.port.read(AhciRegisters.PX_IS)).isZero();
      f.disk.release(0);
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isZero();
      assertThat(f.dump(buffer, 512)).isEqualTo(AhciFixture.pattern(5, 512));
    }
  }

  @Test
  @DisplayName("PxCMD.ST toggled many times with I/O in flight loses and duplicates nothing")
  void toggleOften() {
    try (AhciFixture f = withTwoInFlight()) {
      for (int i = 0; i < 40; i++) {
        f.port.requestStop();
        f.port.start();
        f.issueQueuedRead(i & 31, i, f.buffer(512));
      }
      assertThat(f.port.read(AhciRegisters.PX_SACT)).as("the last start's").isEqualTo(1 << 7);
      assertThat(f.disk.heldCount()).as("as many as there are buffers").isEqualTo(32);
      f.disk.releaseAll();
      assertThat(f.controller.inFlight()).isZero();
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isZero();
      assertThat(f.disk.count(Operation.READ)).as("the waiting ones were dropped").isEqualTo(33);
    }
  }

  @Test
  @DisplayName("A late write comes before what the next life does to the disk, never after it")
  void lateWriteKeepsItsPlace() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      long old = f.buffer(512);
      f.fill(old, AhciFixture.pattern(1, 512));
      write(f, 0, 7, old);
      f.port.requestStop();
      comreset(f);
      f.fill(old, AhciFixture.pattern(9, 512)); // the guest has freed it: somebody else's data
      f.port.start();
      long fresh = f.buffer(512);
      f.fill(fresh, AhciFixture.pattern(2, 512));
      write(f, 0, 7, fresh);
      assertThat(f.disk.heldCount()).as("it waits").isEqualTo(1);
      assertThat(f.port.read(AhciRegisters.PX_TFD) & 0x80).isEqualTo(0x80);
      f.disk.release(0);
      assertThat(f.disk.peek(7 * 512, 512))
          .as("what it was")
          .isEqualTo(AhciFixture.pattern(1, 512));
      f.disk.release(0);
      assertThat(f.disk.peek(7 * 512, 512)).isEqualTo(AhciFixture.pattern(2, 512));
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
    }
  }

  @Test
  @DisplayName("A late TRIM holds reads and flushes back as a late write does")
  void lateTrimKeepsItsPlace() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      long ranges = f.buffer(512);
      f.cpu.memory().writeLong(ranges, TrimRanges.encode(0, 8));
      int flags = AhciRegisters.HEADER_WRITE;
      f.issue(0, 0x06, 1, 0, 1, flags, f.tables.prds(0, ranges, 512));
      f.port.requestStop();
      comreset(f);
      f.port.start();
      f.issueQueuedRead(3, 0, f.buffer(512));
      assertThat(f.port.read(AhciRegisters.PX_SACT)).as("accepted").isEqualTo(8);
      assertThat(f.disk.heldCount()).isEqualTo(1);
      f.disk.release(0);
      assertThat(f.disk.held(0).operation()).isEqualTo(Operation.READ);
      f.disk.release(0);
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isZero();
    }
  }

  @Test
  @DisplayName("A flush that never ends keeps flushes waiting, and nothing else")
  void flushThatNeverEnds() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      f.issue(0, FLUSH_CACHE_EXT, 0, 0, 0, 0, 0);
      f.port.requestStop();
      comreset(f);
      f.port.start();
      long page = f.buffer(512);
      assertThat(f.driver.executePolled(0xec, 0, 0, 0, 0, page, 512, false)).isZero();
      f.issueQueuedRead(1, 0, page);
      assertThat(f.disk.heldCount()).isEqualTo(2);
      f.disk.release(1);
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isZero();
      f.issue(2, FLUSH_CACHE_EXT, 0, 0, 0, 0, 0);
      assertThat(f.disk.heldCount()).isEqualTo(1);
      f.disk.release(0);
      assertThat(f.disk.held(0).operation()).isEqualTo(Operation.FLUSH);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isEqualTo(4);
      f.disk.release(0);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
      assertThat(f.disk.count(Operation.FLUSH)).isEqualTo(2);
    }
  }

  @Test
  @DisplayName("A command that is not queued keeps BSY after a stop, until its transfer is over")
  void busyUntilDrained() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      f.issue(0, FLUSH_CACHE_EXT, 0, 0, 0, 0, 0);
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
  @DisplayName("AHCI 10.4.2: the link is up right after a COMRESET; the disk is busy, then ready")
  void comresetWithInFlight() {
    try (AhciFixture f = withTwoInFlight()) {
      f.disk.poke(0, AhciFixture.pattern(1, 1024));
      f.port.requestStop();
      long fis = f.tables.fisArea() + AhciRegisters.RFIS_D2H;
      f.cpu.memory().writeInt(fis, 0);
      f.port.requestComreset();
      assertThat(f.port.read(AhciRegisters.PX_SSTS)).isEqualTo(0x113);
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x80);
      assertThat(f.port.read(AhciRegisters.PX_SIG)).isEqualTo(-1);
      f.disk.release(0);
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x80);
      byte[] before = f.dump(1 << 20, 1 << 20);
      assertThat(f.cpu.memory().readInt(fis)).isZero();
      f.disk.release(0);
      assertThat(f.port.read(AhciRegisters.PX_SIG)).isEqualTo(0x101);
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x150);
      assertThat(f.cpu.memory().readInt(fis)).as("signature FIS").isEqualTo(0x01500034);
      f.cpu.memory().writeInt(fis, 0);
      byte[] after = f.dump(1 << 20, 1 << 20);
      int rfis = (int) (fis - (1 << 20));
      Arrays.fill(before, rfis, rfis + 20, (byte) 0);
      Arrays.fill(after, rfis, rfis + 20, (byte) 0);
      assertThat(after).as("but for it, nothing").isEqualTo(before);
      f.disk.stopHolding();
      f.driver.bringUp();
    }
  }

  @Test
  @DisplayName("A disk whose backend stalls is ready 40 s after the first COMRESET at the latest")
  void readyInTheEnd() {
    try (AhciFixture f = withTwoInFlight()) {
      for (int round = 0; round < 3; round++) {
        f.port.requestStop();
        f.port.requestComreset();
        f.loop.pass(10 * SECOND);
        assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x80);
        f.port.requestComreset(); // Linux tries again after 10 s
        f.loop.pass(10 * SECOND);
        assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x80);
        f.port.requestComreset();
        f.loop.pass(20 * SECOND);
        assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x150);
        assertThat(f.port.read(AhciRegisters.PX_SIG)).isEqualTo(0x101);
        f.port.start();
        long page = f.buffer(512);
        assertThat(f.driver.executePolled(0xec, 0, 0, 0, 0, page, 512, false)).isZero();
        f.loop.pass(30 * SECOND);
      }
    }
  }

  @Test
  @DisplayName(
      "AHCI 3.3.7: who overrides a disk that is busy after a COMRESET has it ready at once")
  void overrideWhileBusy() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      f.issue(0, FLUSH_CACHE_EXT, 0, 0, 0, 0, 0);
      f.port.requestStop();
      f.port.requestComreset();
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x80);
      int command = f.port.read(AhciRegisters.PX_CMD);
      f.port.write(AhciRegisters.PX_CMD, command | AhciRegisters.CMD_CLO);
      assertThat(f.port.busy()).isFalse();
      assertThat(f.port.read(AhciRegisters.PX_SIG)).isEqualTo(0x101);
      f.port.start();
      f.issue(0, 0x25, 0, 0, 1, 0, f.tables.prds(0, f.buffer(512), 512));
      f.disk.release(0);
      assertThat(f.port.busy()).as("the read goes on").isTrue();
      f.loop.pass(CommandList.PATIENCE_NANOS);
      assertThat(f.port.busy()).isTrue();
      f.disk.release(0);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x50);
    }
  }

  @Test
  @DisplayName("How long a disk was busy is forgotten when it is power-cycled")
  void patienceBeginsAnew() {
    try (AhciFixture f = withTwoInFlight()) {
      f.port.requestStop();
      f.port.requestComreset();
      f.loop.pass(39 * SECOND);
      f.controller.powerCycle();
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x150);
      f.port.requestComreset();
      f.loop.pass(39 * SECOND);
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x80);
      f.loop.pass(SECOND);
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x150);
    }
  }

  @Test
  @DisplayName("A COMRESET that has its end before the disk is ready is forgotten with the link")
  void linkDownWhileBusy() {
    try (AhciFixture f = withTwoInFlight()) {
      f.port.requestStop();
      f.port.requestComreset();
      f.port.write(AhciRegisters.PX_SCTL, 4);
      f.loop.pass(CommandList.PATIENCE_NANOS);
      f.disk.releaseAll();
      assertThat(f.port.read(AhciRegisters.PX_SSTS)).isEqualTo(4);
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x7f);
      f.port.write(AhciRegisters.PX_SCTL, 0);
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x150);
    }
  }

  @Test
  @DisplayName("A COMRESET that stays asserted keeps the link down, whatever comes back meanwhile")
  void comresetTwice() {
    try (AhciFixture f = withTwoInFlight()) {
      f.port.requestStop();
      f.port.requestComreset();
      f.port.write(AhciRegisters.PX_SCTL, 1);
      assertThat(f.port.read(AhciRegisters.PX_SSTS)).as("asserted").isZero();
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x7f);
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
  @DisplayName("AHCI 10.4.3: GHC.HR is done at once, with I/O in flight")
  void hbaResetWithInFlight() {
    try (AhciFixture f = withTwoInFlight()) {
      f.port.writeHba(AhciRegisters.GHC, 0x80000001);
      assertThat(f.register(AhciRegisters.GHC)).isEqualTo(0x80000000);
      assertThat(f.port.read(AhciRegisters.PX_SSTS)).isEqualTo(0x113);
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isZero();
      assertThat(f.irq.asserted()).isFalse();
      byte[] before = ram(f);
      f.disk.releaseAll();
      assertThat(ram(f)).isEqualTo(before);
      f.disk.stopHolding();
      f.driver.bringUp();
    }
  }

  @Test
  @DisplayName("AHCI 10.4.1: a software reset does not wait for queued I/O in flight")
  void softwareResetWithInFlight() {
    try (AhciFixture f = withTwoInFlight()) {
      f.tables.control(2, 4);
      f.tables.header(2, AhciRegisters.HEADER_RESET | AhciRegisters.HEADER_CLEAR_BUSY, 0);
      f.port.write(AhciRegisters.PX_CI, 4);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
      f.tables.control(3, 0);
      f.tables.header(3, 0, 0);
      f.port.write(AhciRegisters.PX_CI, 8);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x150);
      byte[] before = ram(f);
      f.disk.releaseAll();
      assertThat(ram(f)).isEqualTo(before);
    }
  }

  @Test
  @DisplayName(
      "Linux's error handler: stalled I/O, COMRESET, IDENTIFY, SET FEATURES, log, I/O again")
  void errorHandlerWhileStalled() {
    try (AhciFixture f = withTwoInFlight()) {
      f.disk.poke(0, AhciFixture.pattern(1, 512));
      for (int attempt = 0; attempt < 6; attempt++) {
        f.port.stop(); // waits for CR
        comreset(f); // waits for the link, then for BSY to clear
        f.port.start();
        long page = f.buffer(512);
        assertThat(f.driver.executePolled(0xec, 0, 0, 0, 0, page, 512, false)).isZero();
        assertThat(f.driver.executePolled(0xef, 0x03, 0, 0x45, 0, 0, 0, false)).isZero();
        assertThat(f.driver.executePolled(0x2f, 0, 0x10, 1, 0, page, 512, false)).isZero();
        f.issueQueuedRead(attempt, 0, page);
        assertThat(f.port.read(AhciRegisters.PX_SACT)).isEqualTo(1 << attempt);
      }
      f.disk.releaseAll();
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isZero();
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
      assertThat(f.port.read(AhciRegisters.PX_CMD) & CR).isZero();
      f.disk.release(0);
      assertThat(f.disk.heldCount()).isZero();
      assertThat(f.disk.count(Operation.DISCARD)).isEqualTo(2);

      f.port.start();
      f.issue(0, 0x06, 1, 0, 1, write, f.tables.prds(0, ranges, 512));
      f.disk.releaseAll();
      assertThat(f.disk.count(Operation.DISCARD)).isEqualTo(6);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
    }
  }

  @Test
  @DisplayName(
      "A TRIM that is not wanted any more is cut short, in the middle of whatever ended it")
  void trimIsCutShort() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      f.disk.cutDiscardsShort();
      long ranges = f.buffer(512);
      f.cpu.memory().writeLong(ranges, TrimRanges.encode(0, 65535));
      int write = AhciRegisters.HEADER_WRITE;
      for (int way = 0; way < 4; way++) {
        f.issue(0, 0x06, 1, 0, 1, write, f.tables.prds(0, ranges, 512));
        assertThat(f.disk.heldCount()).isEqualTo(1);
        f.issue(1, 0xe5, 0, 0, 0, 0, 0); // not fetched while the disk is busy
        switch (way) {
          case 0 -> f.port.requestStop();
          case 1 -> f.port.requestComreset();
          case 2 -> f.port.writeHba(AhciRegisters.GHC, 0x80000001);
          default -> f.controller.powerCycle();
        }
        assertThat(f.disk.heldCount()).isZero();
        assertThat(f.disk.cutShort()).isEqualTo(way + 1);
        assertThat(f.controller.inFlight()).isZero();
        assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
        assertThat(f.port.busy()).isFalse();
        f.driver.bringUp();
      }
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
