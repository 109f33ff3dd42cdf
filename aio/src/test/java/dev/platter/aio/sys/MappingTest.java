package dev.platter.aio.sys;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class MappingTest {
  @Test
  void anonymousMemoryIsZeroedAndPageAligned() throws Exception {
    try (Mapping mapping = Mapping.anonymous(1 << 20)) {
      MemorySegment memory = mapping.segment();
      assertThat(memory.byteSize()).isEqualTo(1 << 20);
      assertThat(memory.address() % 4096).isZero();
      assertThat(memory.get(JAVA_LONG, (1 << 20) - 8)).isZero();
      memory.set(JAVA_LONG, 0, 42);
      assertThat(memory.get(JAVA_LONG, 0)).isEqualTo(42);
      assertThatThrownBy(() -> memory.get(JAVA_BYTE, 1 << 20))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void useAfterCloseThrowsAndCloseIsIdempotent() throws Exception {
    Mapping mapping = Mapping.anonymous(4096);
    MemorySegment memory = mapping.segment();
    mapping.close();
    mapping.close();
    assertThatThrownBy(() -> memory.get(JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aRefusedMappingNamesTheError() {
    assertThatThrownBy(() -> Mapping.ofFile(-1, 0, 4096))
        .isInstanceOf(ErrnoException.class)
        .hasMessageContaining("EBADF")
        .extracting(e -> ((ErrnoException) e).errno())
        .isEqualTo(Errno.EBADF);
    assertThatThrownBy(() -> Mapping.anonymous(0)).hasMessageContaining("EINVAL");
  }
}
