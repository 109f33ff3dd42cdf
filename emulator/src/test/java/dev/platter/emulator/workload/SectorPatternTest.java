package dev.platter.emulator.workload;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SectorPatternTest {
  private final byte[] bytes = new byte[4 * SectorPattern.SECTOR];
  private final MemorySegment memory = MemorySegment.ofArray(bytes);

  @Test
  void everySectorKnowsItsPlaceAndItsWrite() {
    SectorPattern.fill(memory, 8192, bytes.length, 42);
    for (int at = 0; at < bytes.length; at += SectorPattern.SECTOR) {
      assertThat(SectorPattern.generation(memory, at, 8192 + at)).isEqualTo(42);
      assertThat(SectorPattern.generation(memory, at, 8704 + at)).isEqualTo(SectorPattern.INVALID);
    }
  }

  @Test
  void anyChangedByteShows() {
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < 2000; i++) {
      SectorPattern.fill(memory, 0, SectorPattern.SECTOR, 1 + random.nextInt(1000));
      long before = SectorPattern.generation(memory, 0, 0);
      bytes[random.nextInt(SectorPattern.SECTOR)] ^= (byte) (1 + random.nextInt(255));
      assertThat(SectorPattern.generation(memory, 0, 0)).isNotEqualTo(before);
    }
  }

  @Test
  void halfOfOneWriteAndHalfOfAnotherIsTorn() {
    SectorPattern.fill(memory, 0, SectorPattern.SECTOR, 1);
    byte[] first = bytes.clone();
    SectorPattern.fill(memory, 0, SectorPattern.SECTOR, 2);
    System.arraycopy(first, 256, bytes, 256, 256);
    assertThat(SectorPattern.generation(memory, 0, 0)).isEqualTo(SectorPattern.INVALID);
  }

  @Test
  void zeroesAreNoPattern() {
    assertThat(SectorPattern.generation(memory, 0, 0)).isEqualTo(SectorPattern.INVALID);
  }
}
