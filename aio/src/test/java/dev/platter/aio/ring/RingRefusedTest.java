package dev.platter.aio.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.sys.Errno;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is refused is told by its type, and leaves no descriptor behind. */
class RingRefusedTest {
  private long before;

  /** A filter before the real kernel: each of its numbers is an answer, or 0 to ask the kernel. */
  private record Filter(int setup, int enter, int register) implements RingSetup.SetupCall {
    @Override
    public int setup(int entries, MemorySegment params) {
      return setup < 0 ? setup : RingSetup.KERNEL.setup(entries, params);
    }

    @Override
    public int enter(int fd) {
      return enter < 0 ? enter : RingSetup.KERNEL.enter(fd);
    }

    @Override
    public int register(int fd) {
      return register < 0 ? register : RingSetup.KERNEL.register(fd);
    }
  }

  private static long descriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    }
  }

  @BeforeEach
  void countDescriptors() throws IOException {
    assertThat(descriptors()).isPositive(); // AssertJ's jar is open from here on
    before = descriptors();
  }

  @AfterEach
  void noDescriptorIsLeft() throws IOException {
    assertThat(descriptors()).isEqualTo(before);
  }

  private static void assertRefused(RingCall call, int errno, ThrowingCallable attempt) {
    assertThatThrownBy(attempt)
        .isInstanceOfSatisfying(
            RingRefusedException.class,
            refused -> {
              assertThat(refused.call()).isEqualTo(call);
              assertThat(refused.errno()).isEqualTo(errno);
            });
  }

  @Test
  void aRingThatMayNotBeMade() {
    Filter filter = new Filter(-Errno.ENOSYS, 0, 0);
    assertRefused(RingCall.SETUP, Errno.ENOSYS, () -> Ring.open(filter, 4, Set.of()));
    assertRefused(RingCall.SETUP, Errno.ENOSYS, () -> Ring.tryOut(filter));
  }

  @Test
  void aRingThatMayNotBeEntered() {
    Filter filter = new Filter(0, -Errno.EPERM, 0);
    assertRefused(RingCall.ENTER, Errno.EPERM, () -> Ring.open(filter, 4, Set.of()));
  }

  @Test
  void aRingThatMayNotBeRegisteredOnWorks() throws RingRefusedException {
    Filter filter = new Filter(0, 0, -Errno.EPERM);
    assertRefused(RingCall.REGISTER, Errno.EPERM, () -> Ring.tryOut(filter));
    try (Ring ring = Ring.open(filter, 4, Set.of())) {
      assertThat(new RingDriver(ring).run(Sqe::prepNop)).isZero();
    }
  }

  @Test
  void theKernelHereRefusesNothing() throws RingRefusedException {
    Ring.tryOut();
  }
}
