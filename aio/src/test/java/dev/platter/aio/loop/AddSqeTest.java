package dev.platter.aio.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.ring.Sqe;
import dev.platter.aio.sys.Errno;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** Who may queue, that the loop hears of it, and that nothing queued is lost. */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class AddSqeTest {
  private static final AioConfig NO_POLLING = AioConfig.ioThread().withPollMaxNanos(0);

  @Test
  void aThreadWithNeitherLoopNorLockIsTold() {
    assertThatThrownBy(AioContext::current)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(Thread.currentThread().getName())
        .hasMessageContaining("runs no loop and does not hold the big lock");
    try (IoThread ioThread = new IoThread("io0", NO_POLLING);
        MainLoop mainLoop = new MainLoop(AioConfig.mainLoop())) {
      assertThatThrownBy(() -> ioThread.context().addSqe(TestOp.nop()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("io0");
      assertThatThrownBy(() -> mainLoop.context().addSqe(TestOp.nop()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("does not hold the big lock");
    }
  }

  @Test
  void aThreadHasOneLoop() {
    try (AioContext own = new AioContext("own", NO_POLLING, null)) {
      assertThat(AioContext.current()).isSameAs(own);
      assertThatThrownBy(() -> new AioContext("second", NO_POLLING, null))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("own");
    }
    assertThatThrownBy(AioContext::current).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aLockHolderQueuesIntoTheMainLoop() throws Exception {
    try (MainLoop mainLoop = new MainLoop(AioConfig.mainLoop())) {
      mainLoop.lock().lock();
      assertThat(AioContext.current()).isSameAs(mainLoop.context());
      mainLoop.lock().unlock();
      assertThatThrownBy(AioContext::current).isInstanceOf(IllegalStateException.class);
    }
  }

  /**
   * The lost wake-up (QEMU 10.2, fixed in 11.0 by making aio_add_sqe() notify): no timer, no other
   * event, a loop asleep in the kernel, and an SQE from a thread that is not the loop. Without the
   * notification this would hang.
   */
  @Test
  void anSqeFromALockHolderWakesTheSleepingMainLoop() throws Exception {
    try (MainLoop mainLoop = new MainLoop(AioConfig.mainLoop())) {
      for (int i = 0; i < 100; i++) {
        TestOp first = TestOp.nop();
        TestOp second = TestOp.nop();
        mainLoop.lock().lock();
        // Whoever holds the lock sees the loop waiting: it gives the lock up for nothing else.
        LoopStats.Snapshot before = mainLoop.context().stats().snapshot();
        AioContext.current().addSqe(first);
        AioContext.current().addSqe(second);
        LoopStats.Snapshot notified = mainLoop.context().stats().snapshot().since(before);
        mainLoop.lock().unlock();
        assertThat(notified.notifiesSent() + notified.notifiesElided()).isEqualTo(2);
        assertThat(notified.notifiesSent()).as("one wake-up is enough for both").isLessThan(2);
        first.done.await();
        second.done.await();
      }
    }
  }

  /** The ablation: the same, and the SQE lies there until the loop's timer happens to fire. */
  @Test
  void withADeafWakeupTheSqeWaitsForTheNextTimer() throws Exception {
    try (MainLoop mainLoop = new MainLoop(AioConfig.mainLoop().without(Set.of(Ablation.NOTIFY)))) {
      AioContext context = mainLoop.context();
      TestOp op = TestOp.nop();
      CountDownLatch fired = new CountDownLatch(1);
      AtomicBoolean doneBeforeTimer = new AtomicBoolean();
      AioTimer timer =
          context.newTimer(() -> {
            doneBeforeTimer.set(op.isDone());
            fired.countDown();
          });
      mainLoop.lock().lock();
      timer.arm(100_000_000);
      mainLoop.lock().unlock();
      // Once a bottom half has run, the loop has heard of the timer, and only of that.
      CountDownLatch heard = new CountDownLatch(1);
      context.newBottomHalf(heard::countDown).schedule();
      heard.await();

      mainLoop.lock().lock();
      boolean timerPending = timer.isArmed();
      LoopStats.Snapshot before = context.stats().snapshot();
      AioContext.current().addSqe(op);
      LoopStats.Snapshot after = context.stats().snapshot().since(before);
      mainLoop.lock().unlock();

      assertThat(after.notifiesSent() + after.notifiesElided()).isZero();
      fired.await();
      op.done.await();
      if (timerPending) { // else this thread was held up for 100 ms, and there is nothing to see
        assertThat(doneBeforeTimer).isFalse();
      }
    }
  }

  @Test
  void theLoopsOwnSqesNeedNoWakeupEvenWhenDeaf() throws Exception {
    try (MainLoop mainLoop = new MainLoop(AioConfig.mainLoop().without(Set.of(Ablation.NOTIFY)))) {
      TestOp op = TestOp.nop();
      mainLoop.context().newBottomHalf(() -> mainLoop.context().addSqe(op)).schedule();
      op.done.await();
    }
  }

  @Test
  void aRequestInFlightCannotBeAddedAgain() {
    try (AioContext context = new AioContext("own", NO_POLLING, null)) {
      TestOp op = TestOp.nop();
      context.addSqe(op);
      assertThat(op.inFlight()).isTrue();
      assertThatThrownBy(() -> context.addSqe(op))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("in flight");
      turnUntilDone(context, op);
      assertThat(op.inFlight()).isFalse();
      context.addSqe(op);
      assertThat(op.inFlight()).isTrue();
    }
  }

  private static void turnUntilDone(AioContext context, TestOp op) {
    while (!op.isDone()) {
      context.turn(true);
    }
  }

  @Test
  void aFullQueueKeepsTheOrderAndLosesNothing() {
    try (AioContext context = new AioContext("own", NO_POLLING.withEntries(4), null)) {
      context.turn(false);
      LoopStats.Snapshot before = context.stats().snapshot();
      List<Integer> order = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        int number = i;
        context.addSqe(TestOp.nop(() -> order.add(number)));
      }
      while (order.size() < 50) {
        context.turn(true);
      }
      assertThat(order).isEqualTo(IntStream.range(0, 50).boxed().toList());
      assertThat(context.stats().snapshot().since(before).sqFull()).isEqualTo(46);
    }
  }

  @Test
  void aRequestAddedFromACompletionQueuesBehindTheWaitingOnes() {
    try (AioContext context = new AioContext("own", NO_POLLING.withEntries(1), null)) {
      context.turn(false);
      List<String> order = new ArrayList<>();
      context.addSqe(
          TestOp.nop(() -> {
            order.add("a");
            context.addSqe(TestOp.nop(() -> order.add("c")));
          }));
      context.addSqe(TestOp.nop(() -> order.add("b")));
      while (order.size() < 3) {
        context.turn(true);
      }
      assertThat(order).containsExactly("a", "b", "c");
    }
  }

  /** A loop that slept here would wait for polls that never fire, with work lying before it. */
  @Test
  void theLoopDoesNotSleepWhileARequestWaitsForRoom() {
    try (AioContext context = new AioContext("own", NO_POLLING.withEntries(2), null);
        EventNotifier never = new EventNotifier()) {
      context.turn(false); // the loop's own watch is armed
      TestOp first = TestOp.poll(false, never.fd());
      TestOp second = TestOp.poll(false, never.fd());
      TestOp waiting = TestOp.nop();
      context.addSqe(first);
      context.addSqe(second);
      context.addSqe(waiting);
      turnUntilDone(context, waiting);
      never.signal();
      turnUntilDone(context, first);
      turnUntilDone(context, second);
    }
  }

  @Test
  void aRequestThatCannotBePreparedLeavesNoTrace() {
    try (AioContext context = new AioContext("own", NO_POLLING.withEntries(2), null)) {
      context.turn(false);
      TestOp broken =
          new TestOp(
              true,
              sqe -> {
                sqe.prepRead(-1, 8, 4096, 0);
                throw new UnsupportedOperationException("cannot be prepared");
              },
              () -> {});
      LoopStats.Snapshot before = context.stats().snapshot();
      assertThatThrownBy(() -> context.addSqe(broken))
          .isInstanceOf(UnsupportedOperationException.class);
      assertThat(broken.inFlight()).isFalse();
      assertThat(context.blockRequestsInFlight()).isZero();
      assertThat(context.ring().submission().pending()).isZero();

      TestOp good = TestOp.nop();
      context.addSqe(good);
      turnUntilDone(context, good);
      assertThat(context.stats().snapshot().since(before).cqesReaped()).isEqualTo(1);

      // The same for one that is prepared only when there is room.
      TestOp first = TestOp.nop();
      TestOp second = TestOp.nop();
      context.addSqe(first);
      context.addSqe(second);
      context.addSqe(broken);
      TestOp last = TestOp.nop();
      context.addSqe(last);
      assertThatThrownBy(() -> turnUntilDone(context, last))
          .isInstanceOf(UnsupportedOperationException.class);
      assertThat(broken.inFlight()).isFalse();
      assertThat(context.blockRequestsInFlight()).isZero();
      turnUntilDone(context, last);
    }
  }

  /** More completions than the CQ holds, all at once, from requests that the loop has in flight. */
  @Test
  void aCompletionQueueOverflowReachesEveryRequest() {
    try (AioContext context = new AioContext("own", NO_POLLING.withEntries(4), null);
        EventNotifier gate = new EventNotifier()) {
      List<TestOp> ops = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        TestOp op = TestOp.poll(false, gate.fd());
        ops.add(op);
        context.addSqe(op);
      }
      while (context.stats().snapshot().sqesSubmitted() < 1 + ops.size()) {
        context.turn(false);
      }
      gate.signal();
      for (TestOp op : ops) {
        turnUntilDone(context, op);
        assertThat(op.result).isPositive();
      }
    }
  }

  @Test
  void atMostOneEnterPerTurn() {
    try (AioContext context = new AioContext("own", NO_POLLING.withEntries(8), null)) {
      int[] left = {2000};
      Runnable[] again = new Runnable[1];
      again[0] =
          () -> {
            if (left[0]-- > 0) {
              context.addSqe(TestOp.nop(again[0]));
            }
          };
      for (int i = 0; i < 32; i++) {
        again[0].run();
      }
      while (left[0] > 0) {
        LoopStats.Snapshot before = context.stats().snapshot();
        context.turn(true);
        assertThat(context.stats().snapshot().since(before).enters()).isLessThanOrEqualTo(1);
      }
      LoopStats.Snapshot total = context.stats().snapshot();
      assertThat(total.enters()).isLessThanOrEqualTo(total.turns());
      assertThat(total.sqesSubmitted()).as("batched").isGreaterThan(4 * total.enters());
    }
  }

  @Test
  void onlyTheLoopsThreadTurnsIt() {
    try (IoThread ioThread = new IoThread("io0", NO_POLLING);
        MainLoop mainLoop = new MainLoop(AioConfig.mainLoop())) {
      assertThatThrownBy(() -> ioThread.context().turn(false))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("io0");
      mainLoop.lock().lock();
      try {
        assertThatThrownBy(() -> mainLoop.context().turn(false))
            .isInstanceOf(IllegalStateException.class);
      } finally {
        mainLoop.lock().unlock();
      }
    }
  }

  @Test
  void aCancelledRequestThatWaitedForRoomIsNoLongerCounted() {
    try (AioContext context = new AioContext("own", NO_POLLING.withEntries(1), null)) {
      context.turn(false);
      context.addSqe(TestOp.nop());
      TestOp waiting = new TestOp(true, Sqe::prepNop, () -> {});
      context.addSqe(waiting);
      assertThat(context.blockRequestsInFlight()).isEqualTo(1);
      context.cancel(waiting);
      assertThat(waiting.result).isEqualTo(-Errno.ECANCELED);
      assertThat(waiting.inFlight()).isFalse();
      assertThat(context.blockRequestsInFlight()).isZero();
    }
  }
}
