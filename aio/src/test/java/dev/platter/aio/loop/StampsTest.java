package dev.platter.aio.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** What loops and the big lock write into a request's timeline. */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class StampsTest {
  private static final AioConfig NO_POLLING = AioConfig.ioThread().withPollMaxNanos(0);
  private static final List<Stamp> OF_THE_LOOP =
      List.of(Stamp.QUEUED, Stamp.ENTERED, Stamp.READY, Stamp.REAPED);

  private static TestOp traced(Timeline timeline) {
    TestOp op = TestOp.nop();
    op.setTimeline(timeline);
    return op;
  }

  private static void assertInOrder(Timeline timeline) {
    assertThat(OF_THE_LOOP).allMatch(timeline::has);
    assertThat(OF_THE_LOOP.stream().map(timeline::at).toList()).isSorted();
  }

  @Test
  void aLoopStampsItsOwnRequests() {
    try (AioContext context = new AioContext("own", NO_POLLING, null)) {
      Timeline timeline = new Timeline();
      long before = System.nanoTime();
      TestOp op = traced(timeline);
      context.addSqe(op);
      while (!op.isDone()) {
        context.turn(true);
      }
      assertInOrder(timeline);
      assertThat(timeline.at(Stamp.QUEUED)).isGreaterThanOrEqualTo(before);
      assertThat(timeline.at(Stamp.REAPED)).isLessThanOrEqualTo(System.nanoTime());
      assertThat(timeline.asleepWhenQueued()).isFalse();
      assertThat(timeline.notified()).isTrue();
      assertThat(timeline.waitedForRoom()).isFalse();
      assertThat(timeline.has(Stamp.HANDLED)).isFalse();
    }
  }

  @Test
  void aRequestWithoutATimelineIsNotStampedAndDoesNotDisturbOthers() {
    try (AioContext context = new AioContext("own", NO_POLLING, null)) {
      Timeline timeline = new Timeline();
      TestOp plain = TestOp.nop();
      TestOp traced = traced(timeline);
      context.addSqe(plain);
      context.addSqe(traced);
      context.addSqe(TestOp.nop());
      while (!traced.isDone()) {
        context.turn(true);
      }
      assertInOrder(timeline);
    }
  }

  @Test
  void whoFindsTheQueueFullIsMarked() {
    try (AioContext context = new AioContext("own", NO_POLLING.withEntries(2), null)) {
      context.turn(false);
      List<Timeline> timelines = new ArrayList<>();
      List<TestOp> ops = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        timelines.add(new Timeline());
        ops.add(traced(timelines.get(i)));
        context.addSqe(ops.get(i));
      }
      while (!ops.stream().allMatch(TestOp::isDone)) {
        context.turn(true);
      }
      timelines.forEach(StampsTest::assertInOrder);
      assertThat(timelines.stream().map(Timeline::waitedForRoom))
          .containsExactly(false, false, true, true, true);
    }
  }

  /** The lost wake-up, as its request tells it: asleep, not told, and woken by the timer. */
  @Test
  void aRequestQueuedForADeafLoopKnowsWhyItWaited() throws Exception {
    AioConfig deaf = AioConfig.mainLoop().without(Set.of(Ablation.NOTIFY)).withPollMaxNanos(0);
    try (MainLoop mainLoop = new MainLoop(deaf)) {
      Timeline timeline = new Timeline();
      TestOp op = queueIntoASleepingLoop(mainLoop, timeline);
      op.done.await();
      assertInOrder(timeline);
      assertThat(timeline.asleepWhenQueued()).isTrue();
      assertThat(timeline.notified()).isFalse();
      assertThat(timeline.wake()).isEqualTo(Timeline.Wake.TIMER);
      assertThat(timeline.at(Stamp.ENTERED) - timeline.at(Stamp.QUEUED))
          .as("it waited for the timer")
          .isGreaterThan(1_000_000);
    }
  }

  @Test
  void aRequestThatWokeItsLoopSaysSo() throws Exception {
    try (MainLoop mainLoop = new MainLoop(AioConfig.mainLoop().withPollMaxNanos(0))) {
      Timeline timeline = new Timeline();
      TestOp op = queueIntoASleepingLoop(mainLoop, timeline);
      op.done.await();
      assertInOrder(timeline);
      assertThat(timeline.asleepWhenQueued()).isTrue();
      assertThat(timeline.notified()).isTrue();
      assertThat(timeline.wake()).isEqualTo(Timeline.Wake.COMPLETION);
    }
  }

  /** Queues when the loop is in the kernel, with a timer that fires in 50 ms. */
  private static TestOp queueIntoASleepingLoop(MainLoop mainLoop, Timeline timeline) {
    AioContext context = mainLoop.context();
    mainLoop.lock().lock();
    context.newTimer(() -> {}).arm(50_000_000);
    mainLoop.lock().unlock();
    CountDownLatch heard = new CountDownLatch(1);
    context.newBottomHalf(heard::countDown).schedule();
    Threads.awaitUninterruptibly(heard);
    TestOp op = traced(timeline);
    // The lock is free only while the loop waits, once it has said that it sleeps.
    mainLoop.lock().lock();
    AioContext.current().addSqe(op);
    mainLoop.lock().unlock();
    return op;
  }

  /**
   * poll(2) reports what the CQ holds, so the look before sleeping saves a system call, no time.
   */
  @Test
  void withoutTheLookAtTheCqNothingIsLost() {
    try (AioContext context =
        new AioContext("own", NO_POLLING.without(Set.of(Ablation.CQ_CHECK)), null)) {
      Timeline timeline = new Timeline();
      for (int i = 0; i < 20; i++) {
        timeline.clear();
        TestOp op = traced(timeline);
        context.addSqe(op);
        while (!op.isDone()) {
          context.turn(true);
        }
        assertInOrder(timeline);
      }
    }
  }

  @Test
  void aRegisterAccessSaysWhenItAskedForTheLockAndWhoHadIt() throws Exception {
    BigLock lock = new BigLock();
    CountDownLatch held = new CountDownLatch(1);
    CountDownLatch letGo = new CountDownLatch(1);
    Thread holder =
        Thread.ofPlatform()
            .name("holder")
            .start(() -> {
              lock.lock();
              held.countDown();
              Threads.awaitUninterruptibly(letGo);
              lock.unlock();
            });
    held.await();
    Timeline timeline = new Timeline();
    CountDownLatch done = new CountDownLatch(1);
    long doorbell = System.nanoTime();
    Thread vcpu =
        Thread.ofPlatform()
            .name("vcpu")
            .start(() -> {
              lock.lock(doorbell);
              lock.stampHandled(timeline);
              lock.unlock();
              done.countDown();
            });
    while (vcpu.getState() == Thread.State.NEW || lock.stats().acquisitions() > 1) {
      Thread.onSpinWait();
    }
    // Both spinning and sleeping are waiting; the holder's time runs on.
    long until = System.nanoTime() + 2_000_000;
    while (System.nanoTime() < until) {
      Thread.onSpinWait();
    }
    letGo.countDown();
    done.await();
    holder.join();
    vcpu.join();
    assertThat(timeline.at(Stamp.DOORBELL)).isEqualTo(doorbell);
    assertThat(timeline.at(Stamp.EXIT)).isGreaterThanOrEqualTo(doorbell);
    assertThat(timeline.at(Stamp.HANDLED)).isGreaterThanOrEqualTo(timeline.at(Stamp.EXIT));
    assertThat(timeline.lockHolder()).isIn("holder", null);
    if (timeline.lockHolder() != null) { // else this thread was faster than the vCPU's
      assertThat(timeline.lockHeldNanos()).isPositive();
    }
  }

  @Test
  void anUncontendedAccessHasWaitedForNobody() {
    BigLock lock = new BigLock();
    Timeline timeline = new Timeline();
    lock.lock();
    lock.stampHandled(timeline);
    lock.unlock();
    assertThat(timeline.has(Stamp.DOORBELL)).isFalse();
    assertThat(timeline.at(Stamp.EXIT)).isEqualTo(timeline.at(Stamp.HANDLED)).isNotZero();
    assertThat(timeline.lockHolder()).isNull();
  }
}
