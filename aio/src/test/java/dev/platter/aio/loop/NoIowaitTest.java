package dev.platter.aio.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.abi.IoUringAbi;
import dev.platter.aio.event.EventNotifier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/**
 * current_pending_io() in io_uring.c counts cached task references: a wait counts as I/O exactly
 * when a block request is in flight.
 */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class NoIowaitTest {
  /** One wait in the kernel, ended by a timer; returns whether it was told not to count as I/O. */
  private static boolean waitsWithNoIowait(AioContext context) {
    AioTimer timer = context.newTimer(() -> {});
    LoopStats.Snapshot waited;
    do {
      LoopStats.Snapshot before = context.stats().snapshot();
      timer.arm(1_000_000);
      while (timer.isArmed()) {
        context.turn(true);
      }
      waited = context.stats().snapshot().since(before);
      // A thread that was held up may find the timer due and not wait at all.
    } while (waited.enters() == 0);
    assertThat(waited.noIowaitWaits()).isIn(0L, waited.enters());
    return waited.noIowaitWaits() > 0;
  }

  @Test
  void noIowaitIsPassedExactlyWhenNoBlockRequestIsInFlight() {
    AioConfig config = AioConfig.ioThread().withPollMaxNanos(0);
    try (AioContext context = new AioContext("own", config, null);
        EventNotifier gate = new EventNotifier()) {
      assumeTrue(
          context.ring().hasFeature(IoUringAbi.FEAT_NO_IOWAIT), "FEAT_NO_IOWAIT is in Linux 6.15");
      assertThat(waitsWithNoIowait(context)).as("nothing in flight").isTrue();

      // Where idle loops showed up in /proc/pressure/io: after one block request has completed.
      TestOp nop = new TestOp(true, sqe -> sqe.prepNop(), () -> {});
      context.addSqe(nop);
      while (!nop.isDone()) {
        context.turn(true);
      }
      assertThat(waitsWithNoIowait(context)).as("one has been in flight").isTrue();

      TestOp poll = TestOp.poll(false, gate.fd());
      context.addSqe(poll);
      assertThat(waitsWithNoIowait(context)).as("a poll is not block I/O").isTrue();

      TestOp first = TestOp.poll(true, gate.fd());
      TestOp second = TestOp.poll(true, gate.fd());
      context.addSqe(first);
      context.addSqe(second);
      assertThat(context.blockRequestsInFlight()).isEqualTo(2);
      assertThat(waitsWithNoIowait(context)).as("two block requests").isFalse();
      context.cancel(first);
      while (!first.isDone()) {
        context.turn(true);
      }
      assertThat(waitsWithNoIowait(context)).as("one block request").isFalse();
      gate.signal();
      while (!second.isDone() || !poll.isDone()) {
        context.turn(true);
      }
      assertThat(context.blockRequestsInFlight()).isZero();
      assertThat(waitsWithNoIowait(context)).as("none again").isTrue();
    }
  }
}
