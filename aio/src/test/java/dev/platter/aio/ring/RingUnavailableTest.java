package dev.platter.aio.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.sys.Errno;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RingUnavailableTest {
  private static void assertTold(int errno, String sysctl, String what, String remedy) {
    PlatterException told = RingUnavailable.explain(errno, sysctl, "6.1.0");
    assertThat(told.kind()).isEqualTo(PlatterException.Kind.HOST_LACKS);
    assertThat(told.kind().exitCode()).isEqualTo(3);
    assertThat(told).hasMessageContaining(Errno.name(errno)).hasMessageContaining("6.1.0");
    assertThat(told).hasMessageContaining(what);
    assertThat(told.remedy()).contains(remedy);
  }

  @Test
  void enosysIsSeccompOrTheKernel() {
    assertTold(Errno.ENOSYS, "0", "seccomp", "--security-opt seccomp=");
    assertTold(Errno.ENOSYS, "", "not in this kernel", "CONFIG_IO_URING");
  }

  /** Documentation/admin-guide/sysctl/kernel.rst: 1 is all but a group, 2 is everybody. */
  @Test
  void epermIsTheSysctlWhereItIsSet() {
    assertTold(Errno.EPERM, "2", "kernel.io_uring_disabled=2", "sysctl kernel.io_uring_disabled=0");
    assertTold(Errno.EPERM, "1", "kernel.io_uring_disabled=1", "kernel.io_uring_group");
  }

  @Test
  void epermIsAFilterOtherwise() {
    assertTold(Errno.EPERM, "0", "seccomp filter or security module", "--security-opt seccomp=");
    assertTold(Errno.EPERM, "", "seccomp filter or security module", "--security-opt seccomp=");
  }

  @Test
  void limits() {
    assertTold(Errno.ENOMEM, "0", "RLIMIT_MEMLOCK", "ulimit -l");
    assertTold(Errno.EMFILE, "0", "too many open files", "ulimit -n");
  }

  @Test
  void openThrowsTheExplanation() {
    assertThatThrownBy(() -> Ring.open((entries, params) -> -Errno.ENOSYS, 4, Set.of()))
        .isInstanceOf(PlatterException.class)
        .hasMessageContaining("ENOSYS");
  }
}
