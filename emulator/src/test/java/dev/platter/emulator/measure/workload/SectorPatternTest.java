package dev.platter.emulator.measure.workload;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SectorPatternTest {
  private static final RunIdentity RUN = new RunIdentity(0x1234_5678_9abc_def0L);

  private final byte[] bytes = new byte[4 * SectorPattern.SECTOR];
  private final MemorySegment memory = MemorySegment.ofArray(bytes);

  @Test
  void everySectorKnowsItsPlaceItsRunAndItsWrite() {
    SectorPattern.fill(memory, 8192, bytes.length, RUN, 42);
    for (int at = 0; at < bytes.length; at += SectorPattern.SECTOR) {
      assertThat(SectorPattern.isWhole(memory, at)).isTrue();
      assertThat(SectorPattern.offset(memory, at)).isEqualTo(8192 + at);
      assertThat(SectorPattern.generation(memory, at)).isEqualTo(42);
      assertThat(SectorPattern.run(memory, at)).isEqualTo(RUN.value());
    }
    assertThat(RUN).hasToString("123456789abcdef0");
  }

  @Test
  void anyChangedByteShows() {
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < 2000; i++) {
      SectorPattern.fill(memory, 0, SectorPattern.SECTOR, RUN, 1 + random.nextInt(1000));
      bytes[random.nextInt(SectorPattern.SECTOR)] ^= (byte) (1 + random.nextInt(255));
      assertThat(SectorPattern.isWhole(memory, 0)).isFalse();
      assertThat(SectorPattern.hasPiece(memory, 0)).isTrue();
    }
  }

  @Test
  void twoRunsWriteNothingInCommon() {
    SectorPattern.fill(memory, 0, SectorPattern.SECTOR, RUN, 1);
    SectorPattern.fill(
        memory.asSlice(SectorPattern.SECTOR), 0, SectorPattern.SECTOR, new RunIdentity(1), 1);
    for (int at = 32; at < SectorPattern.SECTOR; at += 8) {
      assertThat(memory.asSlice(at, 8).mismatch(memory.asSlice(SectorPattern.SECTOR + at, 8)))
          .isNotEqualTo(-1);
    }
    assertThat(RunIdentity.random()).isNotEqualTo(RunIdentity.random());
  }

  @Test
  void halfOfOneWriteAndHalfOfAnotherIsTorn() {
    SectorPattern.fill(memory, 0, SectorPattern.SECTOR, RUN, 1);
    byte[] first = bytes.clone();
    SectorPattern.fill(memory, 0, SectorPattern.SECTOR, RUN, 2);
    System.arraycopy(first, 256, bytes, 256, 256);
    assertThat(SectorPattern.isWhole(memory, 0)).isFalse();
  }

  @Test
  void theTailOfAWriteIsAPieceAndZeroesAreNone() {
    assertThat(SectorPattern.isWhole(memory, 0)).isFalse();
    assertThat(SectorPattern.hasPiece(memory, 0)).isFalse();
    assertThat(SectorPattern.isZero(memory, 0)).isTrue();
    SectorPattern.fill(memory, 0, SectorPattern.SECTOR, RUN, 1);
    memory.asSlice(0, SectorPattern.SECTOR - 16).fill((byte) 0);
    assertThat(SectorPattern.hasPiece(memory, 0)).isTrue();
    assertThat(SectorPattern.isZero(memory, 0)).isFalse();
  }
}
