package dev.platter.aio.sys;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.abi.LinuxAbi;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ErrnoTest {
  private static final int ROUNDS = 20_000;

  @Test
  void aFailedCallReturnsItsNegatedErrno() {
    assertThat(Libc.close(-1)).isEqualTo(-Errno.EBADF);
    assertThat(Libc.open("/nowhere/at/all", LinuxAbi.O_RDONLY, 0)).isEqualTo(-Errno.ENOENT);
    assertThat(Libc.open("/", LinuxAbi.O_WRONLY, 0)).isEqualTo(-Errno.EISDIR);
    assertThat(Syscalls.ioUringEnter(-1, 0, 0, 0, 0, 0)).isEqualTo(-Errno.EBADF);
  }

  /** With one errno buffer for all threads, each would now and then read the other's error. */
  @Test
  void errnoIsPerThread() throws Exception {
    AtomicInteger wrong = new AtomicInteger();
    CyclicBarrier together = new CyclicBarrier(2);
    Thread other =
        Thread.ofPlatform().start(() -> failRepeatedly(together, "/nowhere", -Errno.ENOENT, wrong));
    failRepeatedly(together, "/dev/null/x", -Errno.ENOTDIR, wrong);
    other.join();
    assertThat(wrong).hasValue(0);
  }

  private static void failRepeatedly(
      CyclicBarrier together, String path, int expected, AtomicInteger wrong) {
    try {
      together.await();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
    for (int i = 0; i < ROUNDS; i++) {
      if (Libc.open(path, LinuxAbi.O_RDONLY, 0) != expected) {
        wrong.getAndIncrement();
      }
    }
  }

  @Test
  void namesAreSymbolicWhereKnown() {
    assertThat(Errno.name(Errno.ENOSYS)).isEqualTo("ENOSYS");
    assertThat(Errno.name(-Errno.ENOSYS)).isEqualTo("ENOSYS");
    assertThat(Errno.name(4095)).isEqualTo("errno 4095");
  }
}
