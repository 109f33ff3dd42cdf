package dev.platter.devices.ahci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.sys.Errno;
import dev.platter.devices.ahci.AhciFixture.Done;
import dev.platter.devices.ata.AtaStatus;
import dev.platter.devices.block.meter.Operation;
import java.util.Arrays;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AhciErrorTest {
  private static final int TFES = AhciRegisters.IS_TFES;

  private static int readLog10(AhciFixture f, long page) {
    return f.driver.executePolled(0x2f, 0, 0x10, 1, 0, page, 512, false);
  }

  @Test
  @DisplayName("ACS-3 A (NCQ Command Error log): the driver finds the failed tag, retries the rest")
  void driverRecovers() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      long buffer = f.buffer(32 * 512);
      for (int tag = 0; tag < 32; tag++) {
        f.driver.submit(tag, Operation.READ, tag * 512L, buffer + tag * 512L, 512);
      }
      f.disk.release(3);
      f.disk.fail(6, Errno.EIO); // block 7: one before it has left the list
      f.interrupts(); // stops the port while 30 are in flight
      assertThat(f.done).containsExactly(new Done(3, 0), new Done(7, AtaStatus.UNC));
      assertThat(f.driver.recoveries()).isEqualTo(1);
      assertThat(f.port.read(AhciRegisters.PX_SACT))
          .as("issued again")
          .isEqualTo(~(1 << 3 | 1 << 7));
      assertThat(f.disk.heldCount()).as("30 of before, 2 that found a buffer").isEqualTo(32);
      f.disk.releaseAll();
      f.interrupts();
      assertThat(f.done).hasSize(32);
      assertThat(f.done.stream().filter(d -> d.status() != 0)).hasSize(1);
      assertThat(f.driver.issued()).isZero();
    }
  }

  @Test
  @DisplayName("AHCI 6.2.2, SATA NCQ: what registers, FIS and log say after a queued error")
  void queuedErrorInDetail() {
    try (AhciFixture f = AhciFixture.ready()) {
      long lba = 0x12345;
      f.disk.setFault(r -> r.offsetBytes() == lba * 512 ? -Errno.EIO : 0);
      long buffer = f.buffer(4096);
      f.disk.hold();
      f.issueQueuedRead(4, lba, buffer);
      f.issueQueuedRead(5, 1, buffer);
      f.disk.release(0);
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x4041);
      assertThat(f.port.read(AhciRegisters.PX_IS)).isEqualTo(TFES | AhciRegisters.IS_SDBS);
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isEqualTo(0x30);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
      long sdb = f.tables.fisArea() + AhciRegisters.RFIS_SDB;
      assertThat(f.cpu.memory().readInt(sdb)).isEqualTo(0x404140a1);
      assertThat(f.cpu.memory().readInt(sdb + 4)).isZero();

      // Nothing new is fetched, and the other command's end is not reported.
      f.issueQueuedRead(6, 2, buffer);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isEqualTo(1 << 6);
      f.disk.release(0);
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isEqualTo(0x70);

      f.port.stop();
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isZero();
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
      f.port.clearErrors();
      f.port.start();

      // Until the log is read, every command is aborted.
      f.issueQueuedRead(6, 2, buffer);
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x0441);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isEqualTo(1 << 6);
      f.driver.restart();

      long page = f.buffer(512);
      assertThat(readLog10(f, page)).isZero();
      byte[] log = f.dump(page, 512);
      assertThat(log[0]).isEqualTo((byte) 4);
      assertThat(log[2]).isEqualTo((byte) 0x41);
      assertThat(log[3]).isEqualTo((byte) AtaStatus.UNC);
      assertThat(new byte[] {log[4], log[5], log[6]}).containsExactly(0x45, 0x23, 0x01);
      int sum = 0;
      for (byte b : log) {
        sum += b;
      }
      assertThat(sum & 0xff).as("checksum").isZero();

      f.disk.stopHolding();
      f.issueQueuedRead(6, 2, buffer);
      assertThat(f.port.read(AhciRegisters.PX_SACT)).as("the log was read").isZero();
    }
  }

  private static void unreadable(AhciFixture f, long... blocks) {
    f.disk.setFault(request -> {
      for (long block : blocks) {
        long at = block * 512 - request.offsetBytes();
        if (request.operation() == Operation.READ && at >= 0 && at < request.lengthBytes()) {
          return -Errno.EIO;
        }
      }
      return 0;
    });
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "1, 1", "255, 255", "256, 256", "511, 511", "513, 700", "1000, 1001"})
  @DisplayName("ACS-3: UNC names the first unreadable LBA, and all before it is in guest memory")
  void unreadableBlock(long first, long second) {
    try (AhciFixture f = AhciFixture.ready()) {
      byte[] data = AhciFixture.pattern(1, 1024 * 512);
      long lba = 0x1000;
      f.disk.poke(lba * 512, data);
      unreadable(f, lba + first, lba + second);
      long buffer = AhciFixture.HIGH_RAM;
      f.tables.command(4, 0x60, 1024, lba, 4 << 3, 0x40);
      f.tables.header(4, 0, f.tables.prds(4, buffer, 1024 * 512));
      f.port.write(AhciRegisters.PX_SACT, 16);
      f.port.write(AhciRegisters.PX_CI, 16);
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x4041);
      int good = (int) first * 512;
      assertThat(f.dump(buffer, good)).isEqualTo(Arrays.copyOf(data, good));
      f.driver.restart();
      long page = f.buffer(512);
      assertThat(readLog10(f, page)).isZero();
      assertThat(f.cpu.memory().readInt(page + 4) & 0xff_ffff).isEqualTo((int) (lba + first));

      f.issue(3, 0x25, 0, lba, 1024, 0, f.tables.prds(3, buffer, 1024 * 512));
      long fis = f.tables.fisArea() + AhciRegisters.RFIS_D2H;
      assertThat(f.cpu.memory().readInt(fis + 4) & 0xff_ffff).isEqualTo((int) (lba + first));
    }
  }

  @Test
  @DisplayName("ACS-3: UNC names the first unreadable LBA also if a later piece fails before it")
  void laterPieceFailsFirst() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.poke(0, AhciFixture.pattern(1, 1024 * 512));
      unreadable(f, 300, 900);
      f.disk.hold();
      long buffer = AhciFixture.HIGH_RAM;
      f.issue(0, 0x25, 0, 0, 1024, 0, f.tables.prds(0, buffer, 1024 * 512));
      assertThat(f.disk.heldCount()).isEqualTo(4);
      for (int piece = 3; piece > 0; piece--) {
        f.disk.release(piece);
        assertThat(f.port.read(AhciRegisters.PX_TFD)).as("it goes on").isEqualTo(0xd0);
      }
      f.disk.releaseAll();
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x4041);
      long fis = f.tables.fisArea() + AhciRegisters.RFIS_D2H;
      assertThat(f.cpu.memory().readInt(fis + 4) & 0xff_ffff).isEqualTo(300);
      assertThat(f.dump(buffer, 300 * 512)).isEqualTo(AhciFixture.pattern(1, 300 * 512));
      assertThat(f.controller.pools().getFirst().inUse()).isZero();
    }
  }

  @Test
  @DisplayName("A write of which a piece fails ends at once; what is left of it keeps its place")
  void pieceOfWriteFails() {
    try (AhciFixture f = AhciFixture.ready()) {
      int length = 4 << 17;
      long buffer = AhciFixture.HIGH_RAM;
      f.disk.hold();
      int flags = AhciRegisters.HEADER_WRITE;
      f.issue(0, 0x35, 0, 0, length / 512, flags, f.tables.prds(0, buffer, length));
      f.disk.fail(2, Errno.EIO);
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x0441);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isEqualTo(1);
      f.driver.restart();
      f.issue(0, 0x35, 0, 0, 1, flags, f.tables.prds(0, buffer, 512));
      assertThat(f.disk.heldCount()).as("it waits for the three").isEqualTo(3);
      f.disk.release(0);
      f.disk.release(0);
      f.disk.release(0);
      assertThat(f.disk.held(0).lengthBytes()).isEqualTo(512);
      f.disk.release(0);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
    }
  }

  @Test
  @DisplayName("ACS-3, 28-bit commands: bits 27:24 of the LBA are in DEVICE")
  void unreadableBlock28() {
    try (AhciFixture f = new AhciFixture(0x0300_0000L * 512, 512)) {
      f.driver.bringUp();
      unreadable(f, 0x0200_0007);
      long buffer = f.buffer(8192);
      f.tables.command(0, 0xc8, 0, 0, 16, 0x42);
      f.tables.header(0, 0, f.tables.prds(0, buffer, 8192));
      f.port.write(AhciRegisters.PX_CI, 1);
      long fis = f.tables.fisArea() + AhciRegisters.RFIS_D2H;
      assertThat(f.cpu.memory().readInt(fis + 4)).isEqualTo(0x4200_0007);
    }
  }

  @Test
  @DisplayName("A search for an unreadable block ends with a reset, and goes no further while held")
  void searchStops() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      long buffer = f.buffer(8192);
      f.issue(0, 0x25, 0, 0, 16, 0, f.tables.prds(0, buffer, 8192));
      f.disk.fail(0, Errno.EIO);
      assertThat(f.disk.held(0).lengthBytes()).as("half of it").isEqualTo(4096);
      f.port.requestStop();
      f.disk.fail(0, Errno.EIO);
      assertThat(f.controller.inFlight()).isZero();
      f.port.comreset();
      f.port.start();

      f.issue(0, 0x25, 0, 0, 16, 0, f.tables.prds(0, buffer, 8192));
      f.disk.fail(0, Errno.EIO);
      f.controller.hold();
      f.disk.release(0);
      assertThat(f.controller.inFlight()).isZero();
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x4041);
      long fis = f.tables.fisArea() + AhciRegisters.RFIS_D2H;
      assertThat(f.cpu.memory().readInt(fis + 4) & 0xff_ffff).as("good up to there").isEqualTo(8);
    }
  }

  @Test
  @DisplayName("ACS-3 NCQ: the error log stays until a read of it has come to the guest")
  void logStaysUntilRead() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.issueQueuedRead(3, AhciFixture.DISK_BYTES / 512, f.buffer(512));
      f.driver.restart();
      long page = f.buffer(512);
      int shortTable = f.driver.executePolled(0x2f, 0, 0x10, 1, 0, page, 256, false);
      assertThat(shortTable).isEqualTo(0x0441);
      f.driver.restart();
      assertThat(readLog10(f, page)).isZero();
      assertThat(f.cpu.memory().readByte(page)).as("the tag").isEqualTo(3);
      assertThat(f.cpu.memory().readByte(page + 3)).isEqualTo(AtaStatus.IDNF);
      assertThat(readLog10(f, page)).isZero();
      assertThat(f.cpu.memory().readByte(page + 3)).as("read before").isZero();
    }
  }

  @Test
  @DisplayName("AHCI 6.2.2.1: after a task file error CI stays set until PxCMD.ST is cleared")
  void unqueuedError() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.setFault(r -> -Errno.EIO);
      long buffer = f.buffer(512);
      f.issue(3, 0x25, 0, 8, 1, 0, f.tables.prds(3, buffer, 512));
      assertThat(f.port.read(AhciRegisters.PX_CI)).isEqualTo(8);
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x4041);
      assertThat(f.port.read(AhciRegisters.PX_IS)).isEqualTo(TFES | AhciRegisters.IS_DHRS);
      assertThat(f.port.read(AhciRegisters.PX_CMD) >> 8 & 0x1f).as("CCS").isEqualTo(3);
      f.disk.setFault(null);
      f.issue(4, 0x25, 0, 8, 1, 0, f.tables.prds(4, buffer, 512));
      assertThat(f.port.read(AhciRegisters.PX_CI)).as("halted").isEqualTo(0x18);
      f.driver.restart();
      f.issue(4, 0x25, 0, 8, 1, 0, f.tables.prds(4, buffer, 512));
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x50);
    }
  }

  @Test
  @DisplayName("ACS-3 READ/WRITE errors: a write that fails is aborted, the driver hears of it")
  void writeErrors() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.setFault(r -> r.operation() == Operation.WRITE ? -Errno.EIO : 0);
      f.driver.submit(1, Operation.WRITE, 0, f.buffer(512), 512);
      f.interrupts();
      assertThat(f.done).containsExactly(new Done(1, AtaStatus.ABRT));
    }
  }

  @Test
  @DisplayName("ATA/ATAPI-6 WRITE DMA: a write-protected disk aborts writes with WP, and is read")
  void writeProtected() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.setReadOnly(true);
      f.driver.submit(1, Operation.WRITE, 0, f.buffer(512), 512);
      f.interrupts();
      f.driver.submit(2, Operation.READ, 0, f.buffer(512), 512);
      f.interrupts();
      assertThat(f.done)
          .containsExactly(new Done(1, AtaStatus.WP | AtaStatus.ABRT), new Done(2, 0));
      assertThat(f.disk.count(Operation.WRITE)).as("it never came to the disk").isZero();
      long buffer = f.buffer(512);
      f.issue(0, 0x35, 0, 0, 1, AhciRegisters.HEADER_WRITE, f.tables.prds(0, buffer, 512));
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x4441);
    }
  }

  @Test
  @DisplayName("ACS-3 FLUSH CACHE EXT: a failed flush is reported, commands go on afterwards")
  void flushError() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.setFault(r -> r.operation() == Operation.FLUSH ? -Errno.EIO : 0);
      f.driver.submit(2, Operation.FLUSH, 0, 0, 0);
      f.driver.submit(3, Operation.READ, 0, f.buffer(512), 512);
      f.interrupts();
      assertThat(f.done).containsExactly(new Done(2, AtaStatus.ABRT), new Done(3, 0));
    }
  }

  @Test
  @DisplayName("ACS-3 NCQ: other commands beside queued ones abort all of them; the log says NQ")
  void mixedCommands() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      f.issueQueuedRead(0, 0, f.buffer(512));
      f.issue(1, 0xea, 0, 0, 0, 0, 0);
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x0441);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isEqualTo(2);
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isEqualTo(1);
      f.driver.restart();
      f.disk.stopHolding();
      long page = f.buffer(512);
      assertThat(readLog10(f, page)).isZero();
      assertThat(f.cpu.memory().readByte(page)).isEqualTo(0x80);
    }
  }

  @Test
  @DisplayName("AHCI 5.4.1: a tag other than the slot is aborted, and so is a tag in use")
  void badTags() {
    try (AhciFixture f = AhciFixture.ready()) {
      long buffer = f.buffer(512);
      f.issue(2, 0x60, 1, 0, 3 << 3, 0, f.tables.prds(2, buffer, 512));
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x0441);
      f.driver.restart();
      assertThat(readLog10(f, f.buffer(512))).isZero();

      f.disk.hold();
      f.issueQueuedRead(2, 0, buffer);
      f.issueQueuedRead(2, 0, buffer);
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x0441);
      assertThat(f.disk.heldCount()).isEqualTo(1);
      f.driver.restart();
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isZero();
      f.disk.release(0);
      assertThat(f.controller.inFlight()).isZero();
    }
  }

  @Test
  @DisplayName("ACS-3 4.1: a queued command beyond the last block is IDNF")
  void queuedBeyondTheEnd() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.driver.submit(8, Operation.READ, AhciFixture.DISK_BYTES - 512, f.buffer(1024), 1024);
      f.interrupts();
      assertThat(f.done).containsExactly(new Done(8, AtaStatus.IDNF));
      assertThat(f.disk.count(Operation.READ)).isZero();
    }
  }

  @Test
  @DisplayName("AHCI 4.2.2, 4.2.3: a header, table or FIS that cannot be is a fatal error, no more")
  void badCommandStructures() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.tables.command(0, 0xec, 0, 0, 0, 0);
      f.tables.header(0, 0, 0);
      f.cpu.memory().writeLong(f.tables.commandList() + 8, 0x7fff_ffff_ffff_ff80L);
      f.port.write(AhciRegisters.PX_CI, 1);
      assertThat(f.port.read(AhciRegisters.PX_IS)).isEqualTo(AhciRegisters.IS_HBFS);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isEqualTo(1);
      f.driver.restart();

      f.tables.header(0, 0, 0);
      f.cpu.memory().writeByte(f.tables.table(0), 0x46); // not a Register FIS
      f.port.write(AhciRegisters.PX_CI, 1);
      assertThat(f.port.read(AhciRegisters.PX_IS)).isEqualTo(AhciRegisters.IS_IFS);
      f.driver.restart();

      f.cpu.memory().writeInt(f.tables.commandList(), 2); // CFL too small
      f.port.write(AhciRegisters.PX_CI, 1);
      assertThat(f.port.read(AhciRegisters.PX_IS)).isEqualTo(AhciRegisters.IS_IFS);
      f.driver.restart();

      f.port.write(AhciRegisters.PX_CLBU, 0x7000_0000);
      f.port.write(AhciRegisters.PX_CI, 1);
      assertThat(f.port.read(AhciRegisters.PX_IS)).isEqualTo(AhciRegisters.IS_HBFS);
      f.driver.bringUp();
      f.driver.submit(0, Operation.READ, 0, f.buffer(512), 512);
      f.interrupts();
      assertThat(f.done).containsExactly(new Done(0, 0));
    }
  }

  @Test
  @DisplayName("AHCI 4.2.1: a received FIS area outside RAM is a host bus error")
  void badFisArea() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.port.write(AhciRegisters.PX_FBU, 0x7000_0000);
      f.issue(0, 0xe5, 0, 0, 0, 0, 0);
      int both = AhciRegisters.IS_HBFS | AhciRegisters.IS_DHRS;
      assertThat(f.port.read(AhciRegisters.PX_IS)).isEqualTo(both);
    }
  }

  @Test
  @DisplayName("AHCI 6.2.1: a queued command that cannot be acknowledged halts the list")
  void queuedCommandWithoutFisArea() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      f.port.write(AhciRegisters.PX_FBU, 0x7000_0000);
      f.issueQueuedRead(0, 0, f.buffer(512));
      assertThat(f.port.read(AhciRegisters.PX_IS)).isEqualTo(AhciRegisters.IS_HBFS);
      assertThat(f.disk.heldCount()).as("requests of a halted list").isZero();
    }
  }
}
