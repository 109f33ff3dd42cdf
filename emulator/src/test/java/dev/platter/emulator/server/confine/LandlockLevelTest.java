package dev.platter.emulator.server.confine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.abi.LandlockAbi;
import dev.platter.aio.sys.Errno;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LandlockLevelTest {
  // From landlock(7): the rights that each ABI knows.
  @ParameterizedTest
  @CsvSource({
    "1, 0x1fff, 0, 0, 0",
    "2, 0x3fff, 0, 0, 0",
    "3, 0x7fff, 0, 0, 0",
    "4, 0x7fff, 3, 0, 0",
    "5, 0xffff, 3, 0, 0",
    "6, 0xffff, 3, 3, 0",
    "7, 0xffff, 3, 3, 2",
    "9, 0xffff, 3, 3, 2",
  })
  void handlesAllThatTheKernelKnowsAndNothingElse(
      int abi, String fs, long net, long scoped, int flags) {
    LandlockLevel level = new LandlockLevel(abi);
    assertThat(level.available()).isTrue();
    assertThat(level.handledFs()).isEqualTo(Long.decode(fs));
    assertThat(level.handledNet()).isEqualTo(net);
    assertThat(level.scoped(true)).isEqualTo(scoped);
    assertThat(level.restrictFlags()).isEqualTo(flags);
  }

  @Test
  void anAbstractSocketOfTheServiceManagerStaysReachable() {
    assertThat(new LandlockLevel(6).scoped(false)).isEqualTo(LandlockAbi.SCOPE_SIGNAL);
  }

  @Test
  void tellsWhatANewerKernelWouldConfineAsWell() {
    assertThat(new LandlockLevel(1).lacking())
        .containsExactly("truncation", "network", "device ioctls", "signals");
    assertThat(new LandlockLevel(4).lacking()).containsExactly("device ioctls", "signals");
    assertThat(new LandlockLevel(6).lacking()).isEmpty();
    assertThat(new LandlockLevel(6).describe()).isEqualTo("abi 6");
  }

  @Test
  void tellsWhyThereIsNone() {
    LandlockLevel disabled = new LandlockLevel(-Errno.EOPNOTSUPP);
    assertThat(disabled.available()).isFalse();
    assertThat(disabled.handledFs() | disabled.handledNet() | disabled.scoped(true)).isZero();
    assertThat(disabled.lacking()).containsExactly("files", "network", "signals");
    assertThat(disabled.describe()).startsWith("no: ").contains("lsm=");
    assertThat(disabled.remedy()).contains("lsm=", "--confine auto");
    assertThat(new LandlockLevel(-Errno.ENOSYS).describe()).contains("kernel", "seccomp");
    assertThat(new LandlockLevel(-Errno.EPERM).remedy()).contains("seccomp");
  }
}
