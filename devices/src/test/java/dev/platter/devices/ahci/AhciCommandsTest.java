package dev.platter.devices.ahci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.sys.Errno;
import dev.platter.devices.ata.TrimRanges;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.AhciIdentity;
import java.util.Arrays;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands that are not queued. */
class AhciCommandsTest {
  private static final int ABORTED = 0x0441;
  private static final int NOT_FOUND = 0x1041;

  /**
   * Runs a command; after an error starts the port again. Returns the task file, 0 if it is well.
   */
  private static int run(
      AhciFixture f, int command, int features, long lba, int count, long buffer, int length) {
    boolean write =
        command == 0x30
            || command == 0x34
            || command == 0x35
            || command == 0xca
            || command == 0xc5
            || command == 0x39
            || command == 0x3d
            || command == 0x06;
    int result =
        f.driver.executePolled(
            command, features, lba, count, (int) (lba >> 24 & 0xf), buffer, length, write);
    if (result != 0) {
      f.driver.restart();
    }
    return result;
  }

  private static int run(AhciFixture f, int command, int features, int count) {
    return run(f, command, features, 0, count, 0, 0);
  }

  @ParameterizedTest
  @CsvSource({
    "0xca, 0xc8, false",
    "0x35, 0x25, true",
    "0x3d, 0x25, true",
    "0x30, 0x20, false",
    "0x34, 0x24, true",
    "0xc5, 0xc4, false",
    "0x39, 0x29, true"
  })
  @DisplayName("ACS-3 READ and WRITE by DMA and PIO: data goes to the disk and comes back")
  void readAndWrite(String writeCode, String readCode, boolean wide) {
    try (AhciFixture f = AhciFixture.ready()) {
      assertThat(run(f, 0xc6, 0, 8)).as("SET MULTIPLE MODE").isZero();
      int write = Integer.decode(writeCode);
      int read = Integer.decode(readCode);
      byte[] data = AhciFixture.pattern(write, 256 * 512);
      long buffer = f.buffer(data.length);
      f.fill(buffer, data);
      int count = wide ? 256 : 0; // 0 is 256 for 28-bit commands
      assertThat(run(f, write, 0, 1000, count, buffer, data.length)).isZero();
      assertThat(f.disk.peek(1000 * 512, data.length)).isEqualTo(data);
      assertThat(f.disk.forcedWrites()).isEqualTo(write == 0x3d ? 1 : 0);
      long back = f.buffer(data.length);
      assertThat(run(f, read, 0, 1000, count, back, data.length)).isZero();
      assertThat(f.dump(back, data.length)).isEqualTo(data);
    }
  }

  @Test
  @DisplayName("SATA 10.5, 11.8: a PIO read ends with PIO Setup, E_STATUS and no Register FIS")
  void pioInFis() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.port.clearErrors();
      f.issue(0, 0x20, 0, 0, 2, 0, f.tables.prds(0, f.buffer(1024), 1024));
      assertThat(f.port.read(AhciRegisters.PX_IS)).isEqualTo(AhciRegisters.IS_PSS);
      long fis = f.tables.fisArea() + AhciRegisters.RFIS_PIO_SETUP;
      assertThat(f.cpu.memory().readInt(fis)).isEqualTo(0x0058605f);
      assertThat(f.cpu.memory().readByte(fis + 15)).as("E_STATUS").isEqualTo(0x50);
      assertThat(f.cpu.memory().readShort(fis + 16)).as("last DRQ block").isEqualTo(512);
      assertThat(f.tables.transferred(0)).isEqualTo(1024);
    }
  }

  @Test
  @DisplayName("SATA 11: a PIO write ends with a Register FIS")
  void pioOutFis() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.issue(0, 0x30, 0, 0, 1, AhciRegisters.HEADER_WRITE, f.tables.prds(0, f.buffer(512), 512));
      assertThat(f.port.read(AhciRegisters.PX_IS)).isEqualTo(AhciRegisters.IS_DHRS);
      long fis = f.tables.fisArea() + AhciRegisters.RFIS_D2H;
      assertThat(f.cpu.memory().readInt(fis)).isEqualTo(0x00504034);
      long setup = f.tables.fisArea() + AhciRegisters.RFIS_PIO_SETUP;
      assertThat(f.cpu.memory().readInt(setup)).isEqualTo(0x0058005f);
      assertThat(f.cpu.memory().readByte(setup + 15)).as("E_STATUS: busy").isEqualTo(0xd0);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0x00, 0x08, 0xa0, 0xa1, 0xb0, 0xb1, 0x91, 0xf5, 0x3f, 0x57, 0xff, 0x65})
  @DisplayName("ACS-3 6.3: commands that are not implemented are aborted")
  void unknownCommands(int command) {
    try (AhciFixture f = AhciFixture.ready()) {
      assertThat(run(f, command, 0, 0)).isEqualTo(ABORTED);
      assertThat(run(f, 0xe5, 0, 0)).as("and the next one runs").isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0xe0, 0xe1, 0xe2, 0xe3, 0xe5, 0xe6, 0xe7, 0xea, 0x90, 0x27, 0xf8})
  @DisplayName("ACS-3 7: commands without data succeed")
  void nonData(int command) {
    try (AhciFixture f = AhciFixture.ready()) {
      assertThat(run(f, command, 0, 0)).isZero();
    }
  }

  @Test
  @DisplayName("ACS-3 CHECK POWER MODE and others: values come in the Register FIS")
  void registerResults() {
    try (AhciFixture f = AhciFixture.ready()) {
      long fis = f.tables.fisArea() + AhciRegisters.RFIS_D2H;
      assertThat(run(f, 0xe5, 0, 0)).isZero();
      assertThat(f.cpu.memory().readByte(fis + 12)).isEqualTo(0xff);
      assertThat(run(f, 0x27, 0, 0)).isZero();
      int last = (int) (AhciFixture.DISK_BYTES / 512 - 1);
      assertThat(f.cpu.memory().readInt(fis + 4) & 0xffffff).isEqualTo(last);
      assertThat(run(f, 0x90, 0, 0)).isZero();
      assertThat(f.port.read(AhciRegisters.PX_TFD)).as("self-test passed").isEqualTo(0x150);
    }
  }

  @Test
  @DisplayName("ACS-3 SET FEATURES: cache, look-ahead and transfer mode show in IDENTIFY")
  void setFeatures() {
    try (AhciFixture f = AhciFixture.ready()) {
      long page = f.buffer(512);
      assertThat(run(f, 0xef, 0x82, 0)).isZero();
      assertThat(run(f, 0xef, 0x55, 0)).isZero();
      assertThat(run(f, 0xef, 0x03, 0x42)).isZero();
      assertThat(run(f, 0xec, 0, 0, 0, page, 512)).isZero();
      assertThat(f.cpu.memory().readShort(page + 2 * 85) & 0x60).isZero();
      assertThat(f.cpu.memory().readShort(page + 2 * 88)).isEqualTo(0x047f);
      assertThat(run(f, 0xef, 0x02, 0)).isZero();
      assertThat(run(f, 0xef, 0xaa, 0)).isZero();
      assertThat(run(f, 0xef, 0x03, 0x22)).isZero();
      assertThat(run(f, 0xec, 0, 0, 0, page, 512)).isZero();
      assertThat(f.cpu.memory().readShort(page + 2 * 85) & 0x60).isEqualTo(0x60);
      assertThat(f.cpu.memory().readShort(page + 2 * 88)).isEqualTo(0x007f);
      assertThat(run(f, 0xef, 0x03, 0x47)).as("Ultra DMA 7").isEqualTo(ABORTED);
      assertThat(run(f, 0xef, 0x05, 0)).as("APM").isEqualTo(ABORTED);
      assertThat(run(f, 0xef, 0x10, 2)).as("SATA features").isEqualTo(ABORTED);
    }
  }

  @Test
  @DisplayName("ACS-3 SET FEATURES 02h/82h: aborted by a disk without a volatile cache")
  void noWriteCache() {
    try (AhciFixture f = new AhciFixture()) {
      f.disk.setWriteCache(false);
      f.driver.bringUp();
      assertThat(f.driver.identity().writeCache()).isFalse();
      assertThat(run(f, 0xef, 0x02, 0)).isEqualTo(ABORTED);
      assertThat(run(f, 0xef, 0x82, 0)).isEqualTo(ABORTED);
    }
  }

  @Test
  @DisplayName("ACS-3 SET MULTIPLE MODE: powers of two up to word 47; 0 turns MULTIPLE off")
  void multiple() {
    try (AhciFixture f = AhciFixture.ready()) {
      long buffer = f.buffer(512);
      assertThat(run(f, 0xc4, 0, 0, 1, buffer, 512)).isEqualTo(ABORTED);
      assertThat(run(f, 0xc6, 0, 3)).isEqualTo(ABORTED);
      assertThat(run(f, 0xc6, 0, 32)).isEqualTo(ABORTED);
      assertThat(run(f, 0xc6, 0, 16)).isZero();
      assertThat(run(f, 0xc4, 0, 0, 1, buffer, 512)).isZero();
      assertThat(run(f, 0xc6, 0, 0)).isZero();
      assertThat(run(f, 0xc4, 0, 0, 1, buffer, 512)).isEqualTo(ABORTED);
    }
  }

  @Test
  @DisplayName("ACS-3 4.1: 48-bit addresses reach the last block of 3 TiB, and not one further")
  void lba48Bounds() {
    long size = 3L << 40;
    try (AhciFixture f = new AhciFixture(size, 512)) {
      f.driver.bringUp();
      assertThat(f.driver.capacityBytes()).isEqualTo(size);
      long last = size / 512 - 1;
      long buffer = f.buffer(1024);
      byte[] data = AhciFixture.pattern(9, 512);
      f.disk.poke(size - 512, data);
      assertThat(run(f, 0x25, 0, last, 1, buffer, 1024)).isZero();
      assertThat(f.dump(buffer, 512)).isEqualTo(data);
      assertThat(run(f, 0x25, 0, last, 2, buffer, 1024)).isEqualTo(NOT_FOUND);
      assertThat(run(f, 0x25, 0, last + 1, 1, buffer, 1024)).isEqualTo(NOT_FOUND);
      assertThat(run(f, 0x25, 0, 0xffff_ffff_ffffL, 0, buffer, 1024)).isEqualTo(NOT_FOUND);
      assertThat(run(f, 0x42, 0, last, 1, 0, 0)).as("READ VERIFY EXT").isZero();
      assertThat(run(f, 0x42, 0, last, 2, 0, 0)).isEqualTo(NOT_FOUND);
      assertThat(run(f, 0xec, 0, 0, 0, buffer, 512)).isZero();
      assertThat(f.cpu.memory().readInt(buffer + 120)).as("words 60-61").isEqualTo(0x0fffffff);
      assertThat(run(f, 0xc8, 0, 0x0fff_ffff, 1, buffer, 512)).as("28 bits").isZero();
    }
  }

  @Test
  @DisplayName("ACS-3 6.1: CHS addressing is obsolete and aborted")
  void chs() {
    try (AhciFixture f = AhciFixture.ready()) {
      for (int command : new int[] {0xc8, 0x20, 0x40}) {
        f.tables.command(0, command, 0, 1, 1, 0);
        f.tables.header(0, 0, f.tables.prds(0, f.buffer(512), 512));
        f.port.write(AhciRegisters.PX_CI, 1);
        assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(ABORTED);
        f.driver.restart();
      }
    }
  }

  @Test
  @DisplayName("ACS-3 IDENTIFY words 106, 117-118: a disk of 4096-byte blocks")
  void longSectors() {
    try (AhciFixture f = new AhciFixture(AhciFixture.DISK_BYTES, 4096)) {
      f.driver.bringUp();
      AhciIdentity identity = f.driver.identity();
      assertThat(identity.blockSizeBytes()).isEqualTo(4096);
      assertThat(identity.blocks()).isEqualTo(AhciFixture.DISK_BYTES / 4096);
      byte[] data = AhciFixture.pattern(4, 8192);
      long buffer = f.buffer(8192);
      f.fill(buffer, data);
      assertThat(run(f, 0x34, 0, 3, 2, buffer, 8192)).isZero();
      assertThat(f.disk.peek(3 * 4096, 8192)).isEqualTo(data);
    }
  }

  @Test
  @DisplayName("ACS-3 READ LOG (DMA) EXT: the directory; other logs and pages are aborted")
  void logs() {
    try (AhciFixture f = AhciFixture.ready()) {
      long page = f.buffer(1024);
      assertThat(run(f, 0x2f, 0, 0, 1, page, 512)).isZero();
      assertThat(f.cpu.memory().readShort(page)).isEqualTo(1);
      assertThat(f.cpu.memory().readShort(page + 2 * 0x10)).isEqualTo(1);
      assertThat(f.cpu.memory().readShort(page + 2 * 0x30)).isZero();
      assertThat(run(f, 0x47, 0, 0x10, 1, page, 512)).isZero();
      assertThat(run(f, 0x2f, 0, 0x30, 1, page, 512)).isEqualTo(ABORTED);
      assertThat(run(f, 0x2f, 0, 0x10, 2, page, 1024)).isEqualTo(ABORTED);
      assertThat(run(f, 0x2f, 0, 0x0110, 1, page, 512)).isEqualTo(ABORTED);
      assertThat(run(f, 0x2f, 0, 0x01_0000_0010L, 1, page, 512)).isEqualTo(ABORTED);
      assertThat(run(f, 0x2f, 0, 0x10, 0, page, 512)).isEqualTo(ABORTED);
    }
  }

  @Test
  @DisplayName("ACS-3 DATA SET MANAGEMENT: every range of every block is discarded, padding is not")
  void trim() {
    try (AhciFixture f = AhciFixture.ready()) {
      byte[] data = AhciFixture.pattern(1, 4096);
      f.disk.poke(0, data);
      long ranges = f.buffer(4096);
      f.cpu.memory().writeLong(ranges, TrimRanges.encode(1, 2));
      f.cpu.memory().writeLong(ranges + 16, TrimRanges.encode(5, 1));
      f.cpu.memory().writeLong(ranges + 4088, TrimRanges.encode(7, 1));
      assertThat(run(f, 0x06, 1, 0, 8, ranges, 4096)).isZero();
      for (int block : new int[] {1, 2, 5, 7}) {
        Arrays.fill(data, block * 512, block * 512 + 512, (byte) 0);
      }
      assertThat(f.disk.peek(0, 4096)).isEqualTo(data);
      assertThat(f.disk.count(Operation.DISCARD)).isEqualTo(3);
      for (int i = 0; i < 512; i++) {
        f.cpu.memory().writeLong(ranges + 8L * i, TrimRanges.encode(i, 1));
      }
      assertThat(run(f, 0x06, 1, 0, 8, ranges, 4096)).as("512 ranges").isZero();
      assertThat(f.disk.count(Operation.DISCARD)).isEqualTo(515);
      f.driver.submit(0, Operation.DISCARD, 0, 0, 32 << 20);
      f.interrupts();
      assertThat(f.done).containsExactly(new AhciFixture.Done(0, 0));
    }
  }

  @Test
  @DisplayName("ACS-3 DATA SET MANAGEMENT: a range beyond the end discards nothing at all")
  void trimBeyondTheEnd() {
    try (AhciFixture f = AhciFixture.ready()) {
      long ranges = f.buffer(512);
      f.cpu.memory().writeLong(ranges, TrimRanges.encode(0, 1));
      f.cpu.memory().writeLong(ranges + 8, TrimRanges.encode(AhciFixture.DISK_BYTES / 512, 1));
      assertThat(run(f, 0x06, 1, 0, 1, ranges, 512)).isEqualTo(NOT_FOUND);
      assertThat(f.disk.count(Operation.DISCARD)).isZero();
      assertThat(run(f, 0x06, 0, 0, 1, ranges, 512)).as("not TRIM").isEqualTo(ABORTED);
      assertThat(run(f, 0x06, 1, 0, 9, ranges, 4608)).as("too long").isEqualTo(ABORTED);
      assertThat(run(f, 0x06, 1, 0, 0, ranges, 512)).isEqualTo(ABORTED);
    }
  }

  @Test
  @DisplayName("AHCI 10.4.1: SRST set and cleared brings the signature")
  void softwareReset() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.port.clearErrors();
      f.softReset();
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x150);
      assertThat(f.port.read(AhciRegisters.PX_SIG)).isEqualTo(0x101);
      assertThat(f.port.read(AhciRegisters.PX_IS)).isZero();
      assertThat(run(f, 0xec, 0, 0, 0, f.buffer(512), 512)).isZero();
    }
  }

  @Test
  @DisplayName(
      "A disk keeps its capacity until it is power-cycled: libata detaches one that does not")
  void resized() {
    try (AhciFixture f = AhciFixture.ready()) {
      long old = AhciFixture.DISK_BYTES / 512;
      long buffer = f.buffer(512);
      f.disk.resize(2 * AhciFixture.DISK_BYTES);
      f.port.stop();
      f.port.comreset();
      f.port.start();
      assertThat(run(f, 0xec, 0, 0, 0, buffer, 512)).isZero();
      assertThat(f.cpu.memory().readLong(buffer + 200)).isEqualTo(old);
      assertThat(run(f, 0x25, 0, old, 1, buffer, 512)).isEqualTo(NOT_FOUND);
      assertThat(run(f, 0x25, 0, old - 1, 1, buffer, 512)).isZero();
      f.controller.powerCycle();
      f.driver.bringUp();
      assertThat(f.driver.capacityBytes()).isEqualTo(2 * AhciFixture.DISK_BYTES);
      assertThat(run(f, 0x25, 0, old, 1, buffer, 512)).isZero();
    }
  }

  @Test
  @DisplayName("A disk that has shrunk below its guest's feet answers IDNF where there is nothing")
  void shrunk() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.resize(1 << 20);
      long buffer = f.buffer(512);
      assertThat(run(f, 0x25, 0, 2048, 1, buffer, 512)).isEqualTo(NOT_FOUND);
      assertThat(run(f, 0x25, 0, 2047, 1, buffer, 512)).isZero();
    }
  }

  @Test
  @DisplayName("SATA 11.9: each DRQ block of a PIO write but the first raises PSS")
  void pioOutBlocks() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.port.clearErrors();
      long buffer = f.buffer(4096);
      int write = AhciRegisters.HEADER_WRITE;
      f.issue(0, 0x34, 0, 0, 8, write, f.tables.prds(0, buffer, 4096));
      int both = AhciRegisters.IS_PSS | AhciRegisters.IS_DHRS;
      assertThat(f.port.read(AhciRegisters.PX_IS)).isEqualTo(both);
      long fis = f.tables.fisArea() + AhciRegisters.RFIS_PIO_SETUP;
      assertThat(f.cpu.memory().readInt(fis)).as("the I bit").isEqualTo(0x0058405f);
      assertThat(run(f, 0xc6, 0, 8)).as("SET MULTIPLE MODE").isZero();
      f.port.clearErrors();
      f.issue(0, 0x39, 0, 0, 8, write, f.tables.prds(0, buffer, 4096));
      assertThat(f.port.read(AhciRegisters.PX_IS)).as("one").isEqualTo(AhciRegisters.IS_DHRS);
      assertThat(f.cpu.memory().readInt(fis)).isEqualTo(0x0058005f);
    }
  }

  @Test
  @DisplayName(
      "ACS-3 READ VERIFY SECTOR(S) (EXT): the medium is read, and no memory of the guest's")
  void verifyReads() {
    try (AhciFixture f = AhciFixture.ready()) {
      assertThat(run(f, 0x42, 0, 0, 1024, 0, 0)).isZero();
      assertThat(f.disk.count(Operation.READ)).as("512 KiB in four pieces").isEqualTo(4);
      f.disk.setFault(r ->
          r.offsetBytes() <= 777 * 512 && 777 * 512 < r.offsetBytes() + r.lengthBytes()
              ? -Errno.EIO
              : 0);
      assertThat(run(f, 0x42, 0, 0, 1024, 0, 0)).isEqualTo(0x4041);
      long fis = f.tables.fisArea() + AhciRegisters.RFIS_D2H;
      assertThat(f.cpu.memory().readInt(fis + 4) & 0xffffff).isEqualTo(777);
      assertThat(run(f, 0x40, 0, 700, 77, 0, 0)).as("up to it").isZero();
      assertThat(run(f, 0x40, 0, 0x0030_0000, 1, 0, 0)).isEqualTo(NOT_FOUND);
    }
  }
}
