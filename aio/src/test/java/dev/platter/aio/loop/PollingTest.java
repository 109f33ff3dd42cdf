package dev.platter.aio.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.ring.SetupFlag;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class PollingTest {
  private static final long SECOND = 1_000_000_000;
  private static final long MILLISECOND = 1_000_000;

  @Test
  void pollingGrowsWhileWaitsEndSoonAfterIt() {
    AdaptivePolling polling = AdaptivePolling.ofLoop(32_768);
    assertThat(polling.enabled()).isTrue();
    assertThat(polling.nanos()).isZero();
    List<Long> lengths = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      polling.adjust(32_000);
      lengths.add(polling.nanos());
    }
    // QEMU's util/aio-posix.c: 4 us at first, doubled, up to poll-max-ns.
    assertThat(lengths).containsExactly(4_000L, 8_000L, 16_000L, 32_000L, 32_000L, 32_000L);
    polling.adjust(32_500);
    assertThat(polling.nanos()).isEqualTo(32_768);
  }

  @Test
  void aLoopGivesPollingUpWhenWaitsAreLongAnyway() {
    AdaptivePolling polling = AdaptivePolling.ofLoop(32_768);
    polling.adjust(10_000);
    polling.adjust(32_769);
    assertThat(polling.nanos()).isZero();
    assertThat(AdaptivePolling.ofLoop(0).enabled()).isFalse();
  }

  @Test
  void oneLongWaitHalvesAVcpusPollingAndManyEndIt() {
    AdaptivePolling polling = AdaptivePolling.ofVcpu(32_768);
    for (int i = 0; i < 5; i++) {
      polling.adjust(32_700);
    }
    List<Long> lengths = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      lengths.add(polling.nanos());
      polling.adjust(32_769);
    }
    assertThat(lengths).containsExactly(32_768L, 16_384L, 8_192L, 4_096L, 2_048L);
    assertThat(polling.nanos()).isZero();
  }

  /** Makes the loop's busy polls at least {@code nanos} long, as many short waits would. */
  private static void growPolling(AioContext context, long nanos) {
    AdaptivePolling polling = context.polling();
    while (polling.nanos() < nanos) {
      polling.adjust(SECOND);
    }
  }

  /** Submits a timeout; a turn that is held up for longer than that has taken it back itself. */
  private static TestOp timeoutInFlight(AioContext context) {
    TestOp op;
    do {
      op = TestOp.timeout(2 * MILLISECOND, () -> {});
      context.addSqe(op);
      context.turn(false); // a turn with SQEs to submit does not poll
    } while (op.isDone());
    return op;
  }

  /** With COOP_TASKRUN, who polls the CQ from user space must look at IORING_SQ_TASKRUN too. */
  @Test
  void aPollingLoopSeesCompletionsWithoutWaitingInTheKernel() {
    for (Set<SetupFlag> flags :
        List.of(
            EnumSet.of(SetupFlag.COOP_TASKRUN, SetupFlag.TASKRUN_FLAG),
            EnumSet.of(SetupFlag.SINGLE_ISSUER, SetupFlag.DEFER_TASKRUN, SetupFlag.TASKRUN_FLAG),
            EnumSet.allOf(SetupFlag.class))) {
      AioConfig config = AioConfig.ioThread().withFlags(flags).withPollMaxNanos(SECOND);
      try (AioContext context = new AioContext("own", config, null)) {
        assumeTrue(context.ring().granted().equals(flags), "an older kernel: " + flags);
        growPolling(context, SECOND);
        LoopStats.Snapshot after;
        do { // until this thread is not held up for so long that there is nothing to poll for
          TestOp op = timeoutInFlight(context);
          LoopStats.Snapshot before = context.stats().snapshot();
          context.turn(true);
          assertThat(op.isDone()).isTrue();
          after = context.stats().snapshot().since(before);
        } while (after.pollHits() == 0 && after.noIowaitWaits() == 0);
        assertThat(after.noIowaitWaits()).as("waits in the kernel").isZero();
      }
    }
  }

  /** Without TASKRUN_FLAG only an enter shows completions: a loop that never idles must make it. */
  @Test
  void aBusyLoopReapsAlsoWithoutTheTaskrunFlag() {
    AioConfig config =
        AioConfig.ioThread()
            .withFlags(EnumSet.of(SetupFlag.SINGLE_ISSUER, SetupFlag.DEFER_TASKRUN))
            .withPollMaxNanos(0);
    try (AioContext context = new AioContext("own", config, null)) {
      TestOp op = TestOp.timeout(MILLISECOND, () -> {});
      context.addSqe(op);
      BottomHalf[] busy = new BottomHalf[1];
      busy[0] =
          context.newBottomHalf(() -> {
            if (!op.isDone()) {
              busy[0].schedule();
            }
          });
      busy[0].schedule();
      while (!op.isDone()) {
        context.turn(true);
      }
    }
  }

  /** A virtqueue as a handler: work is found by looking, signals are off while polled. */
  private static final class Queue implements EventHandler {
    final List<String> calls = new ArrayList<>();
    int work;
    boolean polled;
    Runnable onPollEnd = () -> {};

    @Override
    public void ready() {
      calls.add("ready");
      work = 0;
    }

    @Override
    public boolean poll() {
      return work > 0;
    }

    @Override
    public void pollBegin() {
      calls.add("begin");
      polled = true;
    }

    @Override
    public void pollEnd() {
      calls.add("end");
      polled = false;
      onPollEnd.run();
    }
  }

  private static AioConfig polling() {
    return AioConfig.ioThread().withPollMaxNanos(SECOND);
  }

  @Test
  void workIsFoundByPollingWithoutASignal() {
    try (AioContext context = new AioContext("own", polling(), null);
        EventNotifier notifier = new EventNotifier()) {
      growPolling(context, SECOND);
      Queue queue = new Queue();
      context.watch(notifier, queue);
      context.turn(false);
      queue.work = 1;
      LoopStats.Snapshot before = context.stats().snapshot();
      assertThat(context.turn(true)).isTrue();
      assertThat(queue.calls).containsExactly("begin", "ready");
      LoopStats.Snapshot after = context.stats().snapshot().since(before);
      assertThat(after.pollHits()).isEqualTo(1);
      assertThat(after.enters()).as("no system call at all").isZero();
    }
  }

  @Test
  void signalsAreOnAgainBeforeTheLoopSleeps() {
    try (AioContext context = new AioContext("own", polling(), null);
        EventNotifier notifier = new EventNotifier()) {
      growPolling(context, MILLISECOND);
      Queue queue = new Queue();
      EventWatch watch = context.watch(notifier, queue);
      context.turn(false);
      AioTimer timer = context.newTimer(() -> assertThat(queue.polled).isFalse());
      timer.arm(20 * MILLISECOND); // longer than polls are now
      while (timer.isArmed()) {
        context.turn(true);
      }
      assertThat(queue.calls).startsWith("begin", "end");
      watch.close();
    }
  }

  @Test
  void aTimerArmedWhenPollingEndsIsNotSleptThrough() {
    try (AioContext context = new AioContext("own", polling(), null);
        EventNotifier notifier = new EventNotifier()) {
      growPolling(context, MILLISECOND);
      Queue queue = new Queue();
      boolean[] fired = new boolean[1];
      AioTimer timer = context.newTimer(() -> fired[0] = true);
      queue.onPollEnd = () -> timer.arm(MILLISECOND);
      EventWatch watch = context.watch(notifier, queue);
      context.turn(false);
      while (!fired[0]) {
        context.turn(true); // would sleep for ever
      }
      queue.onPollEnd = () -> {};
      watch.close();
    }
  }

  /** Its signals are off, and the loop has something better to do in every turn. */
  @Test
  void aPolledQueueIsNotForgottenByABusyLoop() {
    try (AioContext context = new AioContext("own", polling(), null);
        EventNotifier notifier = new EventNotifier()) {
      growPolling(context, SECOND);
      Queue queue = new Queue();
      context.watch(notifier, queue);
      context.turn(false);
      queue.work = 1;
      context.turn(true);
      assertThat(queue.polled).isTrue();

      queue.work = 1;
      BottomHalf[] busy = new BottomHalf[1];
      busy[0] = context.newBottomHalf(() -> busy[0].schedule());
      busy[0].schedule();
      for (int i = 0; i < 3; i++) {
        context.turn(true);
      }
      assertThat(queue.work).isZero();
    }
  }

  @Test
  void aClosedWatchIsPolledNoMore() {
    try (AioContext context = new AioContext("own", polling(), null);
        EventNotifier notifier = new EventNotifier()) {
      growPolling(context, SECOND);
      Queue queue = new Queue();
      EventWatch watch = context.watch(notifier, queue);
      context.turn(false);
      queue.work = 1;
      context.turn(true);
      watch.close();
      assertThat(queue.calls).containsExactly("begin", "ready", "end");
      queue.work = 1;
      context.turn(false);
      assertThat(queue.calls).hasSize(3);
    }
  }

  /** A polling main loop looks at its watches without the lock, under which others change them. */
  @Test
  void watchesComeAndGoWhileTheMainLoopPolls() throws Exception {
    try (EventNotifier notifier = new EventNotifier();
        MainLoop mainLoop = new MainLoop(AioConfig.mainLoop().withPollMaxNanos(SECOND))) {
      mainLoop.context().invoke(() -> growPolling(mainLoop.context(), MILLISECOND));
      boolean[] open = new boolean[1];
      List<String> wrong = new ArrayList<>();
      EventHandler alwaysWork =
          new EventHandler() {
            @Override
            public void ready() {
              if (!open[0]) {
                wrong.add("ready after close");
              }
            }

            @Override
            public boolean poll() {
              return true;
            }
          };
      for (int i = 0; i < 5_000; i++) {
        mainLoop.lock().lock();
        EventWatch first = mainLoop.context().watch(notifier, alwaysWork);
        EventWatch second = mainLoop.context().watch(notifier, alwaysWork);
        open[0] = true;
        mainLoop.lock().unlock();
        Thread.onSpinWait();
        mainLoop.lock().lock();
        first.close();
        second.close();
        open[0] = false;
        mainLoop.lock().unlock();
      }
      mainLoop.context().invoke(() -> assertThat(wrong).isEmpty());
    }
  }
}
