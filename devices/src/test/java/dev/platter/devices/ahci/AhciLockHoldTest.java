package dev.platter.devices.ahci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.memory.BufferPool;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** How much a guest can have done in one hold of the big lock, and what it can have held. */
@Tag("slow")
class AhciLockHoldTest {
  private static final int READ_DMA_EXT = 0x25;
  private static final int WRITE_DMA_EXT = 0x35;
  private static final int CHUNK = BufferPool.CHUNK_BYTES;
  private static final int CHUNKS_PER_HOLD = HoldBudget.COPY_BYTES / CHUNK;

  /** A command table of 65535 entries of two bytes for each slot. */
  private static void longTables(AhciFixture f, int command) {
    long prds = f.buffer(0x80 + 65535 * 16);
    for (int i = 0; i < 65535; i++) {
      f.cpu.memory().writeLong(prds + 0x80 + 16L * i, AhciFixture.HIGH_RAM);
      f.cpu.memory().writeInt(prds + 0x80 + 16L * i + 12, 1);
    }
    for (int slot = 0; slot < 32; slot++) {
      int count = command == READ_DMA_EXT ? 255 : slot << 3;
      f.tables.command(slot, command, 255, 0, count, 0x40);
    }
    // One table serves all: the tags are the only difference, and are written before each issue.
    for (int slot = 0; slot < 32; slot++) {
      f.tables.header(slot, 0, 65535);
      f.cpu.memory().writeLong(f.tables.commandList() + 32L * slot + 8, prds);
    }
  }

  private static void useTable(AhciFixture f, int slot) {
    long table = f.cpu.memory().readLong(f.tables.commandList() + 32L * slot + 8);
    for (int i = 0; i < 5; i++) {
      int dword = f.cpu.memory().readInt(f.tables.table(slot) + 4L * i);
      f.cpu.memory().writeInt(table + 4L * i, dword);
    }
  }

  @Test
  @DisplayName("PRD tables of 65535 entries are walked in many turns")
  void longTablesTakeTurns() {
    try (AhciFixture f = AhciFixture.ready()) {
      longTables(f, READ_DMA_EXT);
      f.loop.hold();
      useTable(f, 0);
      f.disk.poke(0, new byte[] {7, 7});
      f.port.write(AhciRegisters.PX_CI, 1);
      int turns = 0;
      while (f.port.read(AhciRegisters.PX_CI) != 0) {
        assertThat(f.loop.isDue()).isTrue();
        f.loop.turn();
        turns++;
      }
      // 255 * 512 bytes are 65280 entries.
      assertThat(turns).isEqualTo(65280 / HoldBudget.STEPS);
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x50);
      assertThat(f.disk.count(Operation.READ)).isEqualTo(1);
    }
  }

  @Test
  @DisplayName("A hold that lasts too long for what it does ends early")
  void slowHoldsEndEarly() {
    try (AhciFixture f = AhciFixture.ready()) {
      longTables(f, READ_DMA_EXT);
      f.loop.hold();
      f.loop.heldFor(HoldBudget.HOLD_NANOS + 1);
      useTable(f, 0);
      f.port.write(AhciRegisters.PX_CI, 1);
      int turns = 0;
      while (f.port.read(AhciRegisters.PX_CI) != 0) {
        f.loop.turn();
        turns++;
      }
      assertThat(turns).isGreaterThanOrEqualTo(65280 / HoldBudget.STEPS_PER_LOOK);
      assertThat(f.port.read(AhciRegisters.PX_TFD)).isEqualTo(0x50);
    }
  }

  @Test
  @DisplayName("A hold of the lock copies some chunks: long writes go on in turns of the loop")
  void writesTakeTurns() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.loop.hold();
      byte[] data = AhciFixture.pattern(1, 16 * CHUNK);
      f.fill(AhciFixture.HIGH_RAM, data);
      f.disk.hold();
      f.issue(
          0,
          WRITE_DMA_EXT,
          0,
          0,
          16 * CHUNK / 512,
          AhciRegisters.HEADER_WRITE,
          f.tables.prds(0, AhciFixture.HIGH_RAM, 16 * CHUNK));
      for (int turn = 1; turn <= 16 / CHUNKS_PER_HOLD; turn++) {
        assertThat(f.disk.heldCount()).isEqualTo(turn * CHUNKS_PER_HOLD);
        f.loop.turn();
      }
      assertThat(f.loop.isDue()).isFalse();
      f.disk.releaseAll();
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
      assertThat(f.disk.peek(0, 16 * CHUNK)).isEqualTo(data);
    }
  }

  @Test
  @DisplayName("Reads that come back together are copied some chunks at a time")
  void readsTakeTurns() {
    try (AhciFixture f = AhciFixture.ready()) {
      byte[] data = AhciFixture.pattern(2, 16 * CHUNK);
      f.disk.poke(0, data);
      f.disk.hold();
      for (int tag = 0; tag < 16; tag++) {
        f.tables.command(tag, 0x60, CHUNK / 512, (long) tag * CHUNK / 512, tag << 3, 0x40);
        f.tables.header(
            tag, 0, f.tables.prds(tag, AhciFixture.HIGH_RAM + (long) tag * CHUNK, CHUNK));
        f.port.write(AhciRegisters.PX_SACT, 1 << tag);
        f.port.write(AhciRegisters.PX_CI, 1 << tag);
      }
      f.loop.hold();
      f.disk.releaseAll();
      for (int left = 16 - CHUNKS_PER_HOLD; left > 0; left -= CHUNKS_PER_HOLD) {
        assertThat(Integer.bitCount(f.port.read(AhciRegisters.PX_SACT))).isEqualTo(left);
        assertThat(f.controller.inFlight()).isEqualTo(left);
        f.loop.turn();
      }
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isZero();
      assertThat(f.loop.isDue()).isFalse();
      assertThat(f.dump(AhciFixture.HIGH_RAM, 16 * CHUNK)).isEqualTo(data);
    }
  }

  @Test
  @DisplayName("A stop between two turns: nothing of what was put off reaches memory")
  void stopBetweenTurns() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.poke(0, AhciFixture.pattern(2, 8 * CHUNK));
      f.loop.hold();
      f.issue(
          0,
          READ_DMA_EXT,
          0,
          0,
          8 * CHUNK / 512,
          0,
          f.tables.prds(0, AhciFixture.HIGH_RAM, 8 * CHUNK));
      assertThat(f.loop.isDue()).isTrue();
      f.port.requestStop();
      byte[] before = f.dump(AhciFixture.HIGH_RAM, 8 * CHUNK);
      f.loop.turnAll();
      assertThat(f.dump(AhciFixture.HIGH_RAM, 8 * CHUNK)).isEqualTo(before);
      assertThat(f.controller.inFlight()).isZero();
    }
  }

  @Test
  @DisplayName("32 commands of 65280 entries each hold 4 MiB of buffers, and no more")
  void boundedMemory() {
    try (AhciFixture f = AhciFixture.ready()) {
      longTables(f, 0x60);
      f.disk.hold();
      for (int slot = 0; slot < 32; slot++) {
        useTable(f, slot);
        f.port.write(AhciRegisters.PX_SACT, 1 << slot);
        f.port.write(AhciRegisters.PX_CI, 1 << slot);
      }
      BufferPool pool = f.controller.pools().getFirst();
      assertThat(f.disk.heldCount()).isEqualTo(32);
      assertThat(pool.inUse()).isEqualTo(32);
      assertThat(pool.chunks() * (long) CHUNK).isEqualTo(4 << 20);
      f.disk.releaseAll();
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isZero();
      assertThat(pool.inUse()).isZero();
      f.controller.powerCycle();
      assertThat(pool.resident()).as("given back with the client").isZero();
    }
  }

  @Test
  @DisplayName("Commands that need more buffers than there are take turns at them")
  void fairTurns() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      int prds = 0;
      for (int tag = 0; tag < 2; tag++) {
        prds = f.tables.prds(tag, AhciFixture.HIGH_RAM, 8 << 20);
        f.tables.command(tag, 0x60, 16384, 0, tag << 3, 0x40);
        f.tables.header(tag, 0, prds);
        f.port.write(AhciRegisters.PX_SACT, 1 << tag);
        f.port.write(AhciRegisters.PX_CI, 1 << tag);
      }
      f.issueQueuedRead(2, 0, f.buffer(512));
      assertThat(f.disk.heldCount()).isEqualTo(32);
      // The first had all buffers; as they come back, the others have their turns.
      for (int i = 0; i < 3; i++) {
        f.disk.release(0);
      }
      assertThat(f.disk.held(f.disk.heldCount() - 1).lengthBytes()).isEqualTo(512);
      assertThat(f.disk.held(f.disk.heldCount() - 2).lengthBytes()).isEqualTo(CHUNK);
      f.disk.releaseAll();
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isZero();
    }
  }

  @Test
  @DisplayName("A hold looks at as much of a table, and at as many pages lent, as it copies")
  void pagesTakeTurns() {
    try (AhciFixture f = AhciFixture.withPages()) {
      f.tables.prd(0, 0, AhciFixture.HIGH_RAM, 4 << 20);
      f.tables.prd(0, 1, AhciFixture.HIGH_RAM, 4 << 20);
      f.tables.prd(0, 2, -2, 4 << 20);
      f.loop.hold();
      f.issue(0, WRITE_DMA_EXT, 0, 0, (12 << 20) / 512, AhciRegisters.HEADER_WRITE, 3);
      for (int turn = 1; turn <= 64 / CHUNKS_PER_HOLD; turn++) {
        assertThat(f.disk.count(Operation.WRITE)).isEqualTo((long) turn * CHUNKS_PER_HOLD);
        assertThat(f.port.read(AhciRegisters.PX_IS)).isZero();
        f.loop.turn();
      }
      assertThat(f.port.read(AhciRegisters.PX_IS)).isEqualTo(AhciRegisters.IS_HBFS);
      assertThat(f.controller.pools().getFirst().inUse()).isZero();
    }
  }

  /** A write of a chunk, of which the first hold copies a part. */
  private static AhciFixture halfWritten() {
    AhciFixture f = AhciFixture.ready();
    f.disk.hold();
    f.loop.hold();
    longTables(f, WRITE_DMA_EXT);
    f.cpu.memory().writeShort(AhciFixture.HIGH_RAM, 0x0707);
    f.tables.command(0, WRITE_DMA_EXT, 0, 0, 255, 0x40);
    useTable(f, 0);
    f.port.write(AhciRegisters.PX_CI, 1);
    assertThat(f.loop.isDue()).isTrue();
    assertThat(f.disk.heldCount()).isZero();
    assertThat(f.controller.pools().getFirst().inUse()).isEqualTo(1);
    return f;
  }

  @Test
  @DisplayName(
      "A write that a hold has copied a part of: stopped, it is gone; held back, it goes on")
  void halfWrittenPiece() {
    try (AhciFixture f = halfWritten()) {
      f.port.requestStop();
      assertThat(f.controller.pools().getFirst().inUse()).isZero();
      f.loop.turn();
      assertThat(f.disk.heldCount()).isZero();
    }
    try (AhciFixture f = halfWritten()) {
      f.controller.hold();
      f.loop.turn();
      assertThat(f.loop.isDue()).isFalse();
      assertThat(f.controller.inFlight()).isZero();
      f.controller.resume();
      while (f.loop.isDue()) {
        f.loop.turn();
      }
      assertThat(f.disk.heldCount()).isEqualTo(1);
      f.disk.release(0);
      assertThat(f.disk.peek(0, 255 * 512)).containsOnly(7);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
    }
    try (AhciFixture f = halfWritten()) {
      assertThat(f.controller.inFlight()).as("closed with it").isZero();
    }
  }
}
