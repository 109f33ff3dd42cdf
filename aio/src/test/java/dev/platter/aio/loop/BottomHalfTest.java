package dev.platter.aio.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class BottomHalfTest {
  private static final AioConfig NO_POLLING = AioConfig.ioThread().withPollMaxNanos(0);

  private final List<String> order = new ArrayList<>();

  private BottomHalf named(AioContext context, String name) {
    return context.newBottomHalf(() -> order.add(name));
  }

  @Test
  void runInTheOrderScheduledAndOncePerSchedule() {
    try (AioContext context = new AioContext("own", NO_POLLING, null)) {
      BottomHalf a = named(context, "a");
      BottomHalf b = named(context, "b");
      BottomHalf c = named(context, "c");
      c.schedule();
      a.schedule();
      b.schedule();
      a.schedule();
      assertThat(context.turn(true)).isTrue();
      assertThat(order).containsExactly("c", "a", "b");
      assertThat(context.turn(false)).isFalse();
      a.schedule();
      context.turn(true);
      assertThat(order).containsExactly("c", "a", "b", "a");
    }
  }

  @Test
  void mayScheduleItselfAndRunsOnceATurn() {
    try (AioContext context = new AioContext("own", NO_POLLING, null)) {
      BottomHalf[] self = new BottomHalf[1];
      int[] runs = new int[1];
      self[0] =
          context.newBottomHalf(() -> {
            if (++runs[0] < 5) {
              self[0].schedule();
            }
          });
      self[0].schedule();
      for (int turn = 1; turn <= 5; turn++) {
        context.turn(true);
        assertThat(runs[0]).isEqualTo(turn);
      }
    }
  }

  @Test
  void aTurnInsideABottomHalfRunsTheOnesBehindIt() {
    try (AioContext context = new AioContext("own", NO_POLLING, null)) {
      CountDownLatch done = new CountDownLatch(1);
      BottomHalf waits =
          context.newBottomHalf(() -> {
            context.waitFor(done);
            order.add("waited");
          });
      BottomHalf counts =
          context.newBottomHalf(() -> {
            order.add("counted");
            done.countDown();
          });
      waits.schedule();
      counts.schedule();
      context.turn(true);
      assertThat(order).containsExactly("counted", "waited");
    }
  }

  @Test
  void oneThatThrowsDoesNotTakeTheOthersWithIt() {
    try (AioContext context = new AioContext("own", NO_POLLING, null)) {
      context
          .newBottomHalf(() -> {
            throw new UnsupportedOperationException("on purpose");
          })
          .schedule();
      named(context, "next").schedule();
      assertThatThrownBy(() -> context.turn(true))
          .isInstanceOf(UnsupportedOperationException.class);
      context.turn(true);
      assertThat(order).containsExactly("next");
    }
  }

  @Test
  void schedulingOnAnAwakeLoopIsFreeOfSystemCalls() {
    try (IoThread ioThread = new IoThread("io0", NO_POLLING)) {
      AioContext context = ioThread.context();
      context.invoke(() -> {
        LoopStats.Snapshot before = context.stats().snapshot();
        for (int i = 0; i < 100; i++) {
          named(context, "x").schedule();
        }
        LoopStats.Snapshot after = context.stats().snapshot().since(before);
        assertThat(after.notifiesSent()).isZero();
        assertThat(after.notifiesElided()).isEqualTo(100);
      });
    }
  }

  @Test
  void invokeRunsOnTheLoopFromSeveralThreads() throws Exception {
    try (IoThread ioThread = new IoThread("io0", NO_POLLING)) {
      int[] counter = new int[1]; // plain: the loop's thread alone touches it
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        threads.add(
            Thread.ofPlatform()
                .start(() -> {
                  for (int n = 0; n < 1000; n++) {
                    ioThread.context().invoke(() -> counter[0]++);
                  }
                }));
      }
      for (Thread thread : threads) {
        thread.join();
      }
      ioThread.context().invoke(() -> assertThat(counter[0]).isEqualTo(4000));
    }
  }

  @Test
  void invokeOnTheLoopOrUnderItsLockRunsAtOnce() {
    try (IoThread ioThread = new IoThread("io0", NO_POLLING);
        MainLoop mainLoop = new MainLoop(AioConfig.mainLoop())) {
      AtomicInteger runs = new AtomicInteger();
      ioThread.context().invoke(() -> ioThread.context().invoke(runs::getAndIncrement));
      mainLoop.lock().lock();
      mainLoop.context().invoke(runs::getAndIncrement);
      mainLoop.lock().unlock();
      mainLoop.context().invoke(runs::getAndIncrement);
      assertThat(runs).hasValue(3);
    }
  }

  @Test
  void whatAnInvokedBodyThrowsIsTheInvokersAndTheLoopGoesOn() {
    try (IoThread ioThread = new IoThread("io0", NO_POLLING)) {
      AioContext context = ioThread.context();
      assertThatThrownBy(() ->
              context.invoke(() -> {
                throw new UnsupportedOperationException("on purpose");
              }))
          .isInstanceOf(UnsupportedOperationException.class);
      assertThatThrownBy(() ->
              context.invoke(() -> {
                throw new AssertionError("on purpose");
              }))
          .isInstanceOf(AssertionError.class)
          .hasMessage("on purpose");
      context.invoke(() -> order.add("alive"));
      assertThat(order).containsExactly("alive");
    }
  }

  /** Who can say what it has left half done? A failed assertion of a test is another thing. */
  @Test
  void anErrorInAnInvokedBodyIsTheInvokersAndEndsTheLoop() throws Exception {
    for (boolean main : new boolean[] {false, true}) {
      AtomicReference<Throwable> uncaught = new AtomicReference<>();
      CountDownLatch never = new CountDownLatch(1);
      MainLoop mainLoop = new MainLoop(AioConfig.mainLoop());
      IoThread ioThread = new IoThread("io0", NO_POLLING);
      AioContext context = main ? mainLoop.context() : ioThread.context();
      Thread[] thread = new Thread[1];
      Thread waiter =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  context.waitFor(never);
                } catch (IllegalStateException e) {
                  order.add("told");
                }
              });
      context.invoke(() -> {
        thread[0] = Thread.currentThread();
        thread[0].setUncaughtExceptionHandler((_, failure) -> uncaught.set(failure));
      });
      assertThatThrownBy(() ->
              context.invoke(() -> {
                throw new StackOverflowError("on purpose");
              }))
          .isInstanceOf(StackOverflowError.class);
      thread[0].join();
      assertThat(uncaught.get()).isInstanceOf(StackOverflowError.class);
      assertThatThrownBy(() -> context.invoke(() -> {})).isInstanceOf(IllegalStateException.class);
      waiter.join();
      assertThat(order).containsExactly("told");
      order.clear();
      ioThread.close();
      mainLoop.close();
    }
  }

  @Test
  void invokeOnALoopThatEndedThrowsInsteadOfWaitingForEver() {
    IoThread ioThread = new IoThread("io0", NO_POLLING);
    ioThread.close();
    assertThatThrownBy(() -> ioThread.context().invoke(() -> order.add("never")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("io0");
    named(ioThread.context(), "never").schedule(); // harmless
    assertThat(order).isEmpty();
  }

  @Test
  void closeRunsWhatWasScheduledBefore() {
    try (AioContext context = new AioContext("own", NO_POLLING, null)) {
      named(context, "last").schedule();
    }
    assertThat(order).containsExactly("last");
  }

  @Test
  void oneThatSchedulesItselfForEverDoesNotKeepTheLoopFromClosing() {
    try (AioContext context = new AioContext("own", NO_POLLING, null)) {
      BottomHalf[] self = new BottomHalf[1];
      self[0] = context.newBottomHalf(() -> self[0].schedule());
      self[0].schedule();
      context.turn(true);
    }
  }
}
