package dev.platter.aio.ring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.Consumer;

/** Drives a ring from a test's thread, one request at a time. */
final class RingDriver {
  private final Ring ring;
  private long nextUserData = 0x1_0000_0001L;

  RingDriver(Ring ring) {
    this.ring = ring;
  }

  /** Queues a request and returns its user_data. */
  long queue(Consumer<Sqe> prep) {
    Sqe sqe = ring.submission().next();
    prep.accept(sqe);
    sqe.userData(nextUserData);
    return nextUserData++;
  }

  /** Submits what is queued, without waiting. */
  void submit() {
    int queued = ring.submission().publish();
    assertThat(ring.enter(queued, 0, Ring.NO_TIMEOUT, false)).isEqualTo(queued);
  }

  /** Waits for a CQE and takes it. */
  Cqe take() {
    CompletionQueue cq = ring.completion();
    while (!cq.next()) {
      assertThat(ring.enter(0, 1, Ring.NO_TIMEOUT, false)).isGreaterThanOrEqualTo(0);
    }
    Cqe cqe = new Cqe(cq.userData(), cq.result(), cq.cqeFlags());
    cq.release();
    return cqe;
  }

  /** Submits one request, waits for it, and returns its result. */
  int run(Consumer<Sqe> prep) {
    long userData = queue(prep);
    submit();
    Cqe cqe = take();
    assertThat(cqe.userData()).isEqualTo(userData);
    assertThat(ring.submission().pending()).isZero();
    return cqe.result();
  }

  record Cqe(long userData, int result, int flags) {}
}
