package dev.platter.devices.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.abi.LinuxAbi;
import org.junit.jupiter.api.Test;

class IoVectorTest {
  @Test
  void mergesWhatContinuesTheLastElementAndDropsNothings() {
    try (IoVector vector = new IoVector(1)) {
      vector.add(4096, 512);
      vector.add(4608, 512);
      vector.add(9000, 0);
      vector.add(9000, -5);
      vector.add(4096, 512); // again, but not a continuation
      assertThat(vector.count()).isEqualTo(2);
      assertThat(vector.base(0)).isEqualTo(4096);
      assertThat(vector.length(0)).isEqualTo(1024);
      assertThat(vector.base(1)).isEqualTo(4096);
      assertThat(vector.totalBytes()).isEqualTo(1536);
      assertThat(vector.entryAddress(1) - vector.entryAddress(0)).isEqualTo(LinuxAbi.IOVEC_SIZE);
      vector.clear();
      assertThat(vector.count()).isZero();
      assertThat(vector.totalBytes()).isZero();
      vector.add(5120, 512);
      assertThat(vector.base(0)).as("nothing of before is continued").isEqualTo(5120);
    }
  }

  @Test
  void growsAndKeepsWhatItHas() {
    try (IoVector vector = new IoVector(0)) {
      for (int i = 0; i < 3000; i++) {
        vector.add(i * 1000L, 1 + i % 100);
      }
      assertThat(vector.count()).isEqualTo(3000);
      for (int i = 0; i < 3000; i++) {
        assertThat(vector.base(i)).isEqualTo(i * 1000L);
        assertThat(vector.length(i)).isEqualTo(1 + i % 100);
      }
    }
  }

  @Test
  void useAfterCloseThrows() {
    IoVector vector = new IoVector(4);
    vector.close();
    vector.close();
    assertThatThrownBy(() -> vector.add(0, 1)).isInstanceOf(IllegalStateException.class);
  }
}
