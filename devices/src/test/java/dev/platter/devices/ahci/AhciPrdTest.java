package dev.platter.devices.ahci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.ahci.AhciFixture.Done;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.AhciCommandTables;
import dev.platter.devices.memory.BufferPool;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class AhciPrdTest {
  private static final int READ_DMA_EXT = 0x25;

  @Test
  @DisplayName("AHCI 4.2.2: PRDBC is the length transferred; a longer table is no error")
  void byteCount() {
    try (AhciFixture f = AhciFixture.ready()) {
      long buffer = f.buffer(8192);
      f.disk.poke(0, AhciFixture.pattern(1, 1024));
      f.issue(0, READ_DMA_EXT, 0, 0, 2, 0, f.tables.prds(0, buffer, 8192));
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
      assertThat(f.tables.transferred(0)).isEqualTo(1024);
      assertThat(f.dump(buffer, 1024)).isEqualTo(AhciFixture.pattern(1, 1024));
      assertThat(f.dump(buffer + 1024, 512)).containsOnly(0);
    }
  }

  @Test
  @DisplayName("AHCI 3.3.5 OFS: a table that is too short is filled, and the command fails")
  void tooShort() {
    try (AhciFixture f = AhciFixture.ready()) {
      long buffer = f.buffer(8192);
      byte[] data = AhciFixture.pattern(1, 4096);
      f.disk.poke(0, data);
      for (int length : new int[] {0, 512, 4094}) {
        f.issue(0, READ_DMA_EXT, 0, 0, 8, 0, f.tables.prds(0, buffer, length));
        int expected = AhciRegisters.IS_OFS | AhciRegisters.IS_TFES | AhciRegisters.IS_DHRS;
        assertThat(f.port.read(AhciRegisters.PX_IS)).isEqualTo(expected);
        assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x0441);
        assertThat(f.tables.transferred(0)).isZero();
        assertThat(f.dump(buffer, 4096))
            .isEqualTo(Arrays.copyOf(Arrays.copyOf(data, length), 4096));
        f.driver.restart();
      }
      f.issue(0, 0xec, 0, 0, 0, 0, f.tables.prds(0, buffer, 256));
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x0441);
      f.driver.restart();
    }
  }

  @Test
  @DisplayName("AHCI 3.3.5 OFS: a write of what the table has no data for does not reach the disk")
  void tooShortWrite() {
    try (AhciFixture f = AhciFixture.ready()) {
      int flags = AhciRegisters.HEADER_WRITE;
      f.issue(0, 0x35, 0, 0, 8, flags, f.tables.prds(0, f.buffer(8192), 4094));
      assertThat(f.port.read(AhciRegisters.PX_IS) & AhciRegisters.IS_OFS).isNotZero();
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x0441);
      assertThat(f.disk.count(Operation.WRITE)).isZero();
      assertThat(f.controller.pools().getFirst().inUse()).isZero();
    }
  }

  @Test
  @DisplayName("AHCI 6.1: queued commands with a table that is too short end by the error log")
  void tooShortQueued() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.driver.submitScattered(4, Operation.WRITE, 0, new long[] {f.buffer(512)}, new int[] {512});
      f.interrupts();
      f.done.clear();
      f.tables.command(4, 0x61, 8, 0, 4 << 3, 0x40);
      f.tables.header(4, AhciRegisters.HEADER_WRITE, 1);
      f.port.write(AhciRegisters.PX_SACT, 16);
      f.port.write(AhciRegisters.PX_CI, 16);
      assertThat(f.port.read(AhciRegisters.PX_IS) & AhciRegisters.IS_OFS).isNotZero();
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isEqualTo(16);
      f.driver.restart();
      long page = f.buffer(512);
      assertThat(f.driver.executePolled(0x2f, 0, 0x10, 1, 0, page, 512, false)).isZero();
      assertThat(f.cpu.memory().readByte(page)).isEqualTo(4);
    }
  }

  @Test
  @DisplayName("AHCI 3.3.5 HBFS: a buffer outside RAM touches nothing; stop and start recovers")
  void outsideRam() {
    try (AhciFixture f = AhciFixture.ready()) {
      long[] bad = {
        AhciFixture.RAM_BYTES,
        AhciFixture.RAM_BYTES - 512,
        AhciFixture.HIGH_RAM - 512,
        AhciFixture.HIGH_RAM + AhciFixture.RAM_BYTES - 2,
        -2,
        Long.MIN_VALUE,
        Long.MAX_VALUE - 1,
        AhciFixture.HBA
      };
      for (long address : bad) {
        f.tables.prd(0, 0, address, 1024);
        f.issue(0, READ_DMA_EXT, 0, 0, 2, 0, 1);
        assertThat(f.port.read(AhciRegisters.PX_IS)).isEqualTo(AhciRegisters.IS_HBFS);
        assertThat(f.port.read(AhciRegisters.PX_CI)).isEqualTo(1);
        f.driver.restart();
        f.tables.prd(0, 0, address, 1024);
        f.issue(0, 0xec, 0, 0, 0, 0, 1);
        boolean fits = f.cpu.memory().contains(address, 512);
        assertThat(f.port.read(AhciRegisters.PX_CI)).isEqualTo(fits ? 0 : 1);
        f.driver.restart();
      }
      f.driver.submit(0, Operation.READ, 0, -4096, 4096);
      f.interrupts();
      assertThat(f.done).containsExactly(new Done(0, 0x100));
    }
  }

  @Test
  @DisplayName("AHCI 4.2.3.3: bit 0 of an address is 0 and of a byte count 1, whatever is written")
  void reservedBits() {
    try (AhciFixture f = AhciFixture.ready()) {
      long buffer = f.buffer(4096);
      f.disk.poke(0, AhciFixture.pattern(3, 512));
      f.tables.prd(0, 0, buffer + 1, 255); // stored as 254: reads as 256 bytes
      f.tables.prd(0, 1, buffer + 1024, 256);
      f.issue(0, READ_DMA_EXT, 0, 0, 1, 0, 2);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
      byte[] data = AhciFixture.pattern(3, 512);
      assertThat(f.dump(buffer, 256)).isEqualTo(Arrays.copyOf(data, 256));
      assertThat(f.dump(buffer + 1024, 256)).isEqualTo(Arrays.copyOfRange(data, 256, 512));
    }
  }

  @Test
  @DisplayName("AHCI 4.2.2: a table of 65535 entries is walked once and no further")
  void longestTable() {
    try (AhciFixture f = AhciFixture.ready()) {
      // The last command table runs on into free RAM that this test has to itself.
      int slot = 31;
      long table = f.buffer(0x80 + 65535 * 16);
      long buffer = f.buffer(1 << 20);
      f.tables.command(slot, READ_DMA_EXT, 0, 0, 256, 0x40);
      for (int i = 0; i < 5; i++) {
        f.cpu
            .memory()
            .writeInt(table + 4L * i, f.cpu.memory().readInt(f.tables.table(slot) + 4L * i));
      }
      for (int i = 0; i < 65535; i++) {
        long at = table + 0x80 + 16L * i;
        f.cpu.memory().writeLong(at, buffer + 4L * i);
        f.cpu.memory().writeInt(at + 12, 1);
      }
      f.tables.header(slot, 0, 65535);
      f.cpu.memory().writeLong(f.tables.commandList() + 32L * slot + 8, table);
      f.disk.poke(0, AhciFixture.pattern(4, 131072));
      f.port.write(AhciRegisters.PX_CI, 1 << slot);
      assertThat(f.port.read(AhciRegisters.PX_TFD)).as("two bytes short").isEqualTo(0x0441);
      f.driver.restart();
      f.cpu.memory().writeInt(table + 0x80 + 12, 3);
      f.port.write(AhciRegisters.PX_CI, 1 << slot);
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x50);
      assertThat(f.tables.transferred(slot)).isEqualTo(131072);
    }
  }

  @Test
  @DisplayName("AHCI 3.3.5 DPS: a PRD with the I bit set is reported")
  void descriptorProcessed() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.tables.prd(0, 0, f.buffer(512), 512);
      long flags = f.tables.table(0) + AhciRegisters.TABLE_PRDT + 12;
      f.cpu.memory().writeInt(flags, 511 | AhciRegisters.PRD_INTERRUPT);
      f.issue(0, READ_DMA_EXT, 0, 0, 1, 0, 1);
      int expected = AhciRegisters.IS_DPS | AhciRegisters.IS_DHRS;
      assertThat(f.port.read(AhciRegisters.PX_IS)).isEqualTo(expected);
    }
  }

  @Test
  @DisplayName("A read in pieces that come back in any order: each goes where the table says")
  void piecesOutOfOrder() {
    int piece = BufferPool.CHUNK_BYTES;
    for (int seed = 0; seed < 30; seed++) {
      try (AhciFixture f = AhciFixture.ready()) {
        Random random = new Random(seed);
        int length = 5 * piece + 512;
        byte[] data = AhciFixture.pattern(seed, length);
        f.disk.poke(0, data);
        byte[] expected = new byte[2 * length];
        int prds = 0;
        for (int at = 0, from = 0; from < length; prds++) {
          at += 2 * random.nextInt(1000);
          int part = Math.min(length - from, 2 + 2 * random.nextInt(8000));
          f.tables.prd(0, prds, AhciFixture.HIGH_RAM + at, part);
          System.arraycopy(data, from, expected, at, part);
          at += part;
          from += part;
        }
        assertThat(prds).isLessThanOrEqualTo(AhciCommandTables.MAX_PRDS);
        f.disk.hold();
        f.issue(0, READ_DMA_EXT, 0, 0, length / 512, 0, prds);
        assertThat(f.disk.heldCount()).isEqualTo(6);
        while (f.disk.heldCount() > 0) {
          assertThat(f.port.read(AhciRegisters.PX_CI)).isEqualTo(1);
          f.disk.release(random.nextInt(f.disk.heldCount()));
        }
        assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
        assertThat(f.tables.transferred(0)).isEqualTo(length);
        assertThat(f.dump(AhciFixture.HIGH_RAM, expected.length)).isEqualTo(expected);
        assertThat(f.controller.pools().getFirst().inUse()).isZero();
      }
    }
  }

  @Test
  @DisplayName("A stop while pieces of a read wait for the first one lets go of all of them")
  void stopWithEarlyPieces() {
    try (AhciFixture f = AhciFixture.ready()) {
      int length = 4 * BufferPool.CHUNK_BYTES;
      f.disk.poke(0, AhciFixture.pattern(1, length));
      f.disk.hold();
      f.issue(
          0, READ_DMA_EXT, 0, 0, length / 512, 0, f.tables.prds(0, AhciFixture.HIGH_RAM, length));
      f.disk.release(3);
      f.disk.release(1);
      assertThat(f.controller.inFlight()).isEqualTo(2);
      assertThat(f.controller.pools().getFirst().inUse()).isEqualTo(4);
      f.port.requestStop();
      assertThat(f.controller.pools().getFirst().inUse()).isEqualTo(2);
      f.disk.releaseAll();
      assertThat(f.controller.pools().getFirst().inUse()).isZero();
      assertThat(f.dump(AhciFixture.HIGH_RAM, length)).containsOnly(0);
    }
  }
}
