package dev.platter.devices.block;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class BounceBufferTest {
  @Test
  void isAsAlignedAsTheFileAsks() {
    for (int alignment : new int[] {1, 512, 4096, 65536}) {
      try (BounceBuffer bounce = new BounceBuffer(alignment)) {
        assertThat(bounce.reserve(100)).isTrue();
        assertThat(bounce.address() % Math.max(alignment, 4096)).isZero();
      }
    }
  }

  @Test
  void keepsItsMemoryWhileItIsLargeEnough() {
    BounceBuffer bounce = new BounceBuffer(512);
    assertThat(bounce.reserve(8192)).isTrue();
    long address = bounce.address();
    assertThat(bounce.reserve(100)).isTrue();
    assertThat(bounce.reserve(8192)).isTrue();
    assertThat(bounce.address()).isEqualTo(address);
    bounce.close();
    bounce.close();
  }

  @Test
  void aLackOfMemoryIsAnAnswerAndNotAnError() {
    try (BounceBuffer bounce = new BounceBuffer(512)) {
      assertThat(bounce.reserve(4096)).isTrue();
      long address = bounce.address();
      assertThat(bounce.reserve(1L << 60)).isFalse();
      assertThat(bounce.address()).isEqualTo(address);
    }
  }

  @Test
  void gathersAndScattersFromTheMiddleOfAVector() {
    try (Arena arena = Arena.ofConfined();
        IoVector vector = new IoVector(1);
        BounceBuffer bounce = new BounceBuffer(1)) {
      MemorySegment memory = arena.allocate(64);
      for (int i = 0; i < 64; i++) {
        memory.set(ValueLayout.JAVA_BYTE, i, (byte) i);
      }
      vector.add(memory.address() + 40, 10); // 40..49
      vector.add(memory.address(), 5); // 0..4
      vector.add(memory.address() + 20, 10); // 20..29
      assertThat(bounce.reserve(12)).isTrue();
      bounce.gather(vector, 8, 12); // 48 49, 0..4, 20..24
      memory.fill((byte) -1);
      bounce.scatter(vector, 3, 12); // to 43..49, 0..4
      assertThat(memory.asSlice(40, 10).toArray(ValueLayout.JAVA_BYTE))
          .containsExactly(-1, -1, -1, 48, 49, 0, 1, 2, 3, 4);
      assertThat(memory.asSlice(0, 6).toArray(ValueLayout.JAVA_BYTE))
          .containsExactly(20, 21, 22, 23, 24, -1);
      assertThat(memory.get(ValueLayout.JAVA_BYTE, 20)).isEqualTo((byte) -1);
    }
  }
}
