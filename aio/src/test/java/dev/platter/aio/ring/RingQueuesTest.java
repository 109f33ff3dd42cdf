package dev.platter.aio.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.abi.IoUringAbi;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Syscalls;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RingQueuesTest {
  private static final Set<SetupFlag> ALL = EnumSet.allOf(SetupFlag.class);

  @Test
  void aFullSubmissionQueueSaysSo() throws RingRefusedException {
    try (Ring ring = Ring.open(3, ALL)) {
      SubmissionQueue sq = ring.submission();
      assertThat(sq.entries()).as("rounded up by the kernel").isEqualTo(4);
      RingDriver driver = new RingDriver(ring);
      for (int i = 0; i < 4; i++) {
        assertThat(sq.hasRoom()).isTrue();
        driver.queue(Sqe::prepNop);
      }
      assertThat(sq.hasRoom()).isFalse();
      assertThat(sq.pending()).isEqualTo(4);
      assertThat(sq.toString()).startsWith("SQ[4 pending; op 0 fd -1").contains("0x100000004");
      assertThatThrownBy(sq::next).isInstanceOf(IllegalStateException.class);
      driver.submit();
      assertThat(sq.hasRoom()).isTrue();
      assertThat(sq.pending()).isZero();
      assertThat(sq.toString()).isEqualTo("SQ[0 pending]");
    }
  }

  @Test
  void anUnpublishedEntryIsInvisibleToTheKernel() throws RingRefusedException {
    try (Ring ring = Ring.open(4, ALL)) {
      new RingDriver(ring).queue(Sqe::prepNop);
      assertThat(ring.enter(1, 0, Ring.NO_TIMEOUT, false)).isZero();
      assertThat(ring.submission().publish()).isEqualTo(1);
      assertThat(ring.enter(1, 1, Ring.NO_TIMEOUT, false)).isEqualTo(1);
    }
  }

  /** io_uring(7): with FEAT_NODROP the kernel keeps what the CQ cannot hold until it is asked. */
  @Test
  void completionQueueOverflowLosesNothing() throws RingRefusedException {
    for (Set<SetupFlag> flags : List.of(ALL, EnumSet.noneOf(SetupFlag.class))) {
      try (Ring ring = Ring.open(4, flags)) {
        RingDriver driver = new RingDriver(ring);
        List<Long> sent = new ArrayList<>();
        for (int batch = 0; batch < 10; batch++) {
          for (int i = 0; i < 4; i++) {
            sent.add(driver.queue(Sqe::prepNop));
          }
          driver.submit();
        }
        assertThat(ring.submission().flags() & IoUringAbi.SQ_CQ_OVERFLOW).isNotZero();

        List<Long> received = new ArrayList<>();
        for (int i = 0; i < sent.size(); i++) {
          received.add(driver.take().userData());
        }
        assertThat(received).isEqualTo(sent);
        assertThat(ring.completion().isEmpty()).isTrue();
        assertThat(ring.completion().overflow()).isZero();
        assertThat(ring.submission().flags() & IoUringAbi.SQ_CQ_OVERFLOW).isZero();
      }
    }
  }

  @Test
  void ringsWorkWithAndWithoutTheIndexArray() throws RingRefusedException {
    for (Set<SetupFlag> flags : List.of(ALL, EnumSet.noneOf(SetupFlag.class))) {
      try (Ring ring = Ring.open(4, flags)) {
        RingDriver driver = new RingDriver(ring);
        for (int i = 0; i < 1000; i++) { // round and round the ring
          assertThat(driver.run(Sqe::prepNop)).isZero();
        }
      }
    }
  }

  @Test
  void probeKnowsOldAndUnknownOpcodes() throws RingRefusedException {
    try (Ring ring = Ring.open(4, ALL)) {
      assertThat(ring.supports(IoUringAbi.OP_NOP)).isTrue();
      assertThat(ring.supports(IoUringAbi.OP_FALLOCATE)).isTrue();
      assertThat(ring.supports(255)).isFalse();
    }
  }

  @Test
  void closeIsIdempotentAndGivesTheDescriptorBack() throws RingRefusedException {
    Ring ring = Ring.open(4, ALL);
    int fd = ring.fd();
    ring.close();
    ring.close();
    assertThat(Syscalls.ioUringEnter(fd, 0, 0, 0, 0, 0)).isIn(-Errno.EBADF, -Errno.EOPNOTSUPP);
    assertThatThrownBy(() -> ring.submission().hasRoom()).isInstanceOf(IllegalStateException.class);
  }

  /** io_uring_enter(2): EEXIST for any task but the one that set a SINGLE_ISSUER ring up. */
  @Test
  void theKernelHoldsSingleIssuerToItsWord() throws Exception {
    try (Ring ring = Ring.open(4, ALL)) {
      assumeTrue(ring.granted().contains(SetupFlag.SINGLE_ISSUER), "it is in Linux 6.0");
      new RingDriver(ring).queue(Sqe::prepNop);
      int queued = ring.submission().publish();
      int[] answer = new int[1];
      Thread stranger =
          Thread.ofPlatform()
              .start(() -> answer[0] = ring.enter(queued, 0, Ring.NO_TIMEOUT, false));
      stranger.join();
      assertThat(answer[0]).isEqualTo(-Errno.EEXIST);
      assertThat(ring.enter(queued, 1, Ring.NO_TIMEOUT, false)).isEqualTo(1);
    }
  }
}
