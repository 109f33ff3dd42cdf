package dev.platter.devices.ahci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.ahci.AhciFixture.Done;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.DiskDriver;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AhciQueuedTest {
  @ParameterizedTest
  @ValueSource(ints = {512, 4096})
  @DisplayName("ACS-3 READ/WRITE FPDMA QUEUED: scattered writes come back by contiguous reads")
  void dataIntegrity(int blockSize) {
    try (AhciFixture f = new AhciFixture(AhciFixture.DISK_BYTES, blockSize)) {
      f.driver.bringUp();
      assertThat(f.driver.blockSizeBytes()).isEqualTo(blockSize);
      Random random = new Random(1);
      for (int round = 0; round < 50; round++) {
        int length = blockSize * (1 + random.nextInt(16));
        byte[] data = AhciFixture.pattern(round, length);
        List<long[]> pieces = scatter(random, length, (long) round << 17);
        long[] addresses = pieces.stream().mapToLong(p -> p[0]).toArray();
        int[] lengths = pieces.stream().mapToInt(p -> (int) p[1]).toArray();
        int at = 0;
        for (int i = 0; i < addresses.length; i++) {
          f.fill(addresses[i], Arrays.copyOfRange(data, at, at + lengths[i]));
          at += lengths[i];
        }
        long offset = (long) blockSize * random.nextInt(4000);
        int tag = random.nextInt(32);
        f.driver.submitScattered(tag, Operation.WRITE, offset, addresses, lengths);
        f.interrupts();
        assertThat(f.disk.peek(offset, length)).isEqualTo(data);

        long buffer = AhciFixture.HIGH_RAM;
        f.driver.submit(tag, Operation.READ, offset, buffer, length);
        f.interrupts();
        assertThat(f.dump(buffer, length)).isEqualTo(data);
      }
      assertThat(f.done).hasSize(100).allMatch(d -> d.status() == DiskDriver.OK);
    }
  }

  // Even addresses and lengths, with holes between the pieces.
  private static List<long[]> scatter(Random random, int length, long from) {
    List<long[]> pieces = new ArrayList<>();
    long address = AhciFixture.HIGH_RAM + (4 << 20) + from;
    int left = length;
    while (left > 0) {
      int part = pieces.size() == 100 ? left : Math.min(left, 2 + 2 * random.nextInt(600));
      pieces.add(new long[] {address, part});
      address += part + 2L * random.nextInt(10);
      left -= part;
    }
    return pieces;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  @DisplayName(
      "Commands of several pieces, whose pieces end in any order, in many holds of the lock")
  void piecesOfMany(long seed) {
    try (AhciFixture f = AhciFixture.ready()) {
      Random random = new Random(seed);
      int most = 1 << 20;
      f.disk.hold();
      f.loop.hold();
      for (int round = 0; round < 10; round++) {
        byte[][] written = new byte[4][];
        for (int tag = 0; tag < 4; tag++) {
          written[tag] = AhciFixture.pattern(random.nextLong(), 512 * (1 + random.nextInt(2048)));
          int from = 0;
          List<long[]> pieces = scatterWide(random, written[tag].length, (long) tag * 2 * most);
          for (long[] piece : pieces) {
            f.fill(piece[0], Arrays.copyOfRange(written[tag], from, from + (int) piece[1]));
            from += (int) piece[1];
          }
          submit(f, tag, Operation.WRITE, tag * (long) most, pieces);
        }
        drain(f, random);
        for (int tag = 0; tag < 4; tag++) {
          assertThat(f.disk.peek(tag * (long) most, written[tag].length)).isEqualTo(written[tag]);
        }
        List<List<long[]>> buffers = new ArrayList<>();
        for (int tag = 0; tag < 4; tag++) {
          buffers.add(scatterWide(random, written[tag].length, (long) tag * 2 * most));
          submit(f, tag, Operation.READ, tag * (long) most, buffers.get(tag));
        }
        drain(f, random);
        for (int tag = 0; tag < 4; tag++) {
          int from = 0;
          for (long[] piece : buffers.get(tag)) {
            byte[] expected = Arrays.copyOfRange(written[tag], from, from + (int) piece[1]);
            assertThat(f.dump(piece[0], (int) piece[1])).isEqualTo(expected);
            from += (int) piece[1];
          }
        }
      }
      assertThat(f.done).hasSize(80).allMatch(d -> d.status() == DiskDriver.OK);
      assertThat(f.controller.pools().getFirst().inUse()).isZero();
    }
  }

  private static List<long[]> scatterWide(Random random, int length, long from) {
    List<long[]> pieces = new ArrayList<>();
    long address = AhciFixture.HIGH_RAM + from;
    for (int left = length; left > 0; ) {
      int part = pieces.size() == 100 ? left : Math.min(left, 2 + 2 * random.nextInt(20_000));
      pieces.add(new long[] {address, part});
      address += part + 2L * random.nextInt(1000);
      left -= part;
    }
    return pieces;
  }

  private static void submit(
      AhciFixture f, int tag, Operation operation, long offset, List<long[]> pieces) {
    long[] addresses = pieces.stream().mapToLong(p -> p[0]).toArray();
    int[] lengths = pieces.stream().mapToInt(p -> (int) p[1]).toArray();
    f.driver.submitScattered(tag, operation, offset, addresses, lengths);
  }

  private static void drain(AhciFixture f, Random random) {
    while (f.driver.issued() != 0) {
      if (f.disk.heldCount() > 0 && (!f.loop.isDue() || random.nextBoolean())) {
        f.disk.release(random.nextInt(f.disk.heldCount()));
      } else {
        assertThat(f.loop.isDue()).as("there is something to wait for").isTrue();
        f.loop.turn();
      }
      f.interrupts();
    }
  }

  @Test
  @DisplayName("ACS-3 READ FPDMA QUEUED: FEATURE 0 is 65536 blocks, in eight PRDs of 4 MiB")
  void largestTransfer() {
    // Both RAM regions are needed: the transfer is as large as the two together.
    try (AhciFixture f = AhciFixture.ready()) {
      f.driver.submit(5, Operation.READ, 0, AhciFixture.HIGH_RAM, 32 << 20);
      f.interrupts();
      assertThat(f.done).as("16 MiB of RAM are too few").containsExactly(new Done(5, 0x100));
      f.done.clear();
      long[] addresses = new long[8];
      int[] lengths = new int[8];
      for (int i = 0; i < 8; i++) {
        addresses[i] = AhciFixture.HIGH_RAM + (long) (i % 4) * (4 << 20);
        lengths[i] = 4 << 20;
      }
      byte[] data = AhciFixture.pattern(7, 512);
      f.disk.poke((32 << 20) - 512, data);
      f.driver.submitScattered(5, Operation.READ, 0, addresses, lengths);
      f.interrupts();
      assertThat(f.done).containsExactly(new Done(5, DiskDriver.OK));
      assertThat(f.dump(AhciFixture.HIGH_RAM + (16 << 20) - 512, 512)).isEqualTo(data);
    }
  }

  @Test
  @DisplayName("AHCI 5.4.1, 3.3.13: 32 queued commands complete in any order; CI clears at once")
  void outOfOrder() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      long buffer = f.buffer(32 * 512);
      for (int tag = 0; tag < 32; tag++) {
        f.disk.poke(tag * 512L, AhciFixture.pattern(tag, 512));
        f.driver.submit(tag, Operation.READ, tag * 512L, buffer + tag * 512L, 512);
      }
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isEqualTo(-1);
      assertThat(f.controller.inFlight()).isEqualTo(32);
      List<Integer> order = new ArrayList<>();
      Random random = new Random(2);
      while (f.disk.heldCount() > 0) {
        int pick = random.nextInt(f.disk.heldCount());
        order.add((int) (f.disk.held(pick).offsetBytes() / 512));
        f.disk.release(pick);
        f.interrupts();
      }
      assertThat(f.done.stream().map(Done::tag).toList()).isEqualTo(order);
      for (int tag = 0; tag < 32; tag++) {
        assertThat(f.dump(buffer + tag * 512L, 512)).isEqualTo(AhciFixture.pattern(tag, 512));
      }
    }
  }

  @Test
  @DisplayName("SATA 10.5 (Set Device Bits): one FIS per completion, with the tag and the I bit")
  void setDeviceBitsFis() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.driver.submit(9, Operation.READ, 0, f.buffer(512), 512);
      long sdb = f.tables.fisArea() + AhciRegisters.RFIS_SDB;
      assertThat(f.cpu.memory().readInt(sdb)).isEqualTo(0x005040a1);
      assertThat(f.cpu.memory().readInt(sdb + 4)).isEqualTo(1 << 9);
      assertThat(f.port.read(AhciRegisters.PX_IS)).isEqualTo(AhciRegisters.IS_SDBS);
    }
  }

  @Test
  @DisplayName("ACS-3 NCQ: a flush waits for queued writes, and holds back what comes after it")
  void flushOrdering() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      long buffer = f.buffer(4096);
      f.driver.submit(0, Operation.WRITE, 0, buffer, 512);
      f.driver.submit(1, Operation.WRITE, 512, buffer, 512);
      f.driver.submit(2, Operation.FLUSH, 0, 0, 0);
      f.driver.submit(3, Operation.READ, 0, buffer, 512);
      assertThat(f.disk.heldCount()).isEqualTo(2);
      f.disk.release(1);
      f.interrupts();
      assertThat(f.disk.heldCount()).isEqualTo(1);
      f.disk.release(0);
      f.interrupts();
      assertThat(f.disk.heldCount()).isEqualTo(1);
      assertThat(f.disk.held(0).operation()).isEqualTo(Operation.FLUSH);
      assertThat(f.port.read(AhciRegisters.PX_TFD) & 0x80).as("BSY").isEqualTo(0x80);
      f.disk.release(0);
      f.interrupts();
      assertThat(f.disk.held(0).operation()).isEqualTo(Operation.READ);
      f.disk.release(0);
      f.interrupts();
      assertThat(f.done).extracting(Done::tag).containsExactly(1, 0, 2, 3);
      assertThat(f.done).allMatch(d -> d.status() == DiskDriver.OK);
      assertThat(f.driver.recoveries()).isZero();
    }
  }

  @Test
  @DisplayName("ACS-3 WRITE FPDMA QUEUED: FUA reaches the backend, and so does a disabled cache")
  void forceUnitAccess() {
    try (AhciFixture f = AhciFixture.ready()) {
      long buffer = f.buffer(512);
      f.driver.submit(0, Operation.WRITE, 0, buffer, 512);
      f.interrupts();
      assertThat(f.disk.forcedWrites()).isZero();
      f.driver.submitForced(0, 0, buffer, 512);
      f.interrupts();
      assertThat(f.disk.forcedWrites()).isEqualTo(1);
      assertThat(f.driver.executePolled(0xef, 0x82, 0, 0, 0, 0, 0, false)).isZero();
      assertThat(f.disk.count(Operation.FLUSH)).as("the cache is written first").isEqualTo(1);
      f.driver.submit(0, Operation.WRITE, 0, buffer, 512);
      f.interrupts();
      assertThat(f.disk.forcedWrites()).isEqualTo(2);
    }
  }
}
