package dev.platter.aio.sys;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class CpuAffinityTest {
  private static <T> T onAThreadOfItsOwn(java.util.function.Supplier<T> body) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread.ofPlatform().start(() -> result.complete(body.get()));
    return result.join();
  }

  @Test
  void aPinnedThreadRunsOnItsCpuAndNoOtherThreadIsMoved() {
    BitSet before = CpuAffinity.allowed();
    assertThat(before.cardinality()).isPositive();
    int last = before.length() - 1;
    BitSet pinned =
        onAThreadOfItsOwn(() -> {
          assertThat(CpuAffinity.pin(last)).isZero();
          return CpuAffinity.allowed();
        });
    assertThat(pinned.stream()).containsExactly(last);
    assertThat(CpuAffinity.allowed()).isEqualTo(before);
  }

  @Test
  void aCpuThatIsNotThereIsAnError() {
    int result = onAThreadOfItsOwn(() -> CpuAffinity.pin(CpuAffinity.MAX_CPUS - 1));
    assertThat(result).isEqualTo(-Errno.EINVAL);
  }
}
