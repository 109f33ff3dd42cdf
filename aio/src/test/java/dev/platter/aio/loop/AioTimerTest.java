package dev.platter.aio.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class AioTimerTest {
  private static final AioConfig NO_POLLING = AioConfig.ioThread().withPollMaxNanos(0);
  private static final long SHORT = 1_000_000;
  private static final long NEVER = 3_600_000_000_000L;

  private final List<String> fired = new ArrayList<>();

  private AioTimer named(AioContext context, String name) {
    return context.newTimer(() -> fired.add(name));
  }

  private void turnUntilFired(AioContext context, int count) {
    while (fired.size() < count) {
      context.turn(true);
    }
  }

  @Test
  void fireOnceInTheOrderOfTheirDeadlinesAndNotEarly() {
    try (AioContext context = new AioContext("own", NO_POLLING, null)) {
      long now = System.nanoTime();
      AioTimer late = named(context, "late");
      late.armAt(now + 3 * SHORT);
      named(context, "early").armAt(now + SHORT);
      named(context, "middle").armAt(now + 2 * SHORT);
      turnUntilFired(context, 3);
      assertThat(System.nanoTime() - now).isGreaterThanOrEqualTo(3 * SHORT);
      assertThat(fired).containsExactly("early", "middle", "late");
      assertThat(late.isArmed()).isFalse();
      late.arm(0);
      turnUntilFired(context, 4);
    }
  }

  @Test
  void canBeCancelledAndMovedBothWays() {
    try (AioContext context = new AioContext("own", NO_POLLING, null)) {
      AioTimer cancelled = named(context, "cancelled");
      AioTimer sooner = named(context, "sooner");
      AioTimer later = named(context, "later");
      cancelled.arm(0);
      sooner.arm(NEVER);
      later.arm(0);
      cancelled.cancel();
      cancelled.cancel();
      sooner.arm(SHORT);
      later.arm(NEVER);
      turnUntilFired(context, 1);
      assertThat(fired).containsExactly("sooner");
      assertThat(later.isArmed()).isTrue();
      later.cancel();
    }
  }

  @Test
  void oneThatRearmsItselfForThePastFiresOnceATurn() {
    try (AioContext context = new AioContext("own", NO_POLLING, null)) {
      long past = System.nanoTime() - NEVER;
      AioTimer[] self = new AioTimer[1];
      self[0] =
          context.newTimer(() -> {
            fired.add("x");
            self[0].armAt(past);
          });
      self[0].armAt(past);
      for (int turn = 1; turn <= 3; turn++) {
        context.turn(true);
        assertThat(fired).hasSize(turn);
      }
      self[0].cancel();
    }
  }

  @Test
  void mayCancelAndArmEachOtherWhenTheyFire() {
    try (AioContext context = new AioContext("own", NO_POLLING, null)) {
      long now = System.nanoTime();
      AioTimer victim = named(context, "victim");
      AioTimer next = named(context, "next");
      context
          .newTimer(() -> {
            fired.add("first");
            victim.cancel();
            next.arm(0);
          })
          .armAt(now - 2);
      victim.armAt(now - 1);
      turnUntilFired(context, 2);
      assertThat(fired).containsExactly("first", "next");
    }
  }

  @Test
  void belongToTheLoopAndTheHoldersOfItsLock() throws Exception {
    try (IoThread ioThread = new IoThread("io0", NO_POLLING);
        MainLoop mainLoop = new MainLoop(AioConfig.mainLoop())) {
      AioTimer foreign = ioThread.context().newTimer(() -> {});
      assertThatThrownBy(() -> foreign.arm(0)).isInstanceOf(IllegalStateException.class);
      AioTimer ours = mainLoop.context().newTimer(() -> {});
      assertThatThrownBy(() -> ours.arm(0)).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(ours::cancel).isInstanceOf(IllegalStateException.class);
    }
  }

  /** The loop sleeps without a timeout, or with a much longer one, when a vCPU arms a timer. */
  @Test
  void oneArmedByALockHolderShortensTheLoopsSleep() throws Exception {
    try (MainLoop mainLoop = new MainLoop(AioConfig.mainLoop())) {
      CountDownLatch[] latches = {new CountDownLatch(1), new CountDownLatch(1)};
      AioTimer never = mainLoop.context().newTimer(() -> {});
      for (CountDownLatch latch : latches) {
        AioTimer timer = mainLoop.context().newTimer(latch::countDown);
        mainLoop.lock().lock();
        timer.arm(SHORT);
        mainLoop.lock().unlock();
        latch.await();
        mainLoop.lock().lock();
        never.arm(NEVER);
        mainLoop.lock().unlock();
      }
    }
  }

  @Test
  void oneThatDoesNotShortenTheLoopsSleepWakesNobody() {
    try (MainLoop mainLoop = new MainLoop(AioConfig.mainLoop())) {
      AioContext context = mainLoop.context();
      mainLoop.lock().lock();
      try {
        context.newTimer(() -> {}).arm(NEVER);
        LoopStats.Snapshot before = context.stats().snapshot();
        context.newTimer(() -> {}).arm(2 * NEVER);
        LoopStats.Snapshot since = context.stats().snapshot().since(before);
        assertThat(since.notifiesSent() + since.notifiesElided()).isZero();
      } finally {
        mainLoop.lock().unlock();
      }
    }
  }

  @Test
  void theHeapAgreesWithASortedListThroughRandomOperations() {
    try (AioContext context = new AioContext("own", NO_POLLING, null)) {
      Random random = new Random(7);
      TimerHeap heap = new TimerHeap();
      List<AioTimer> idle = new ArrayList<>();
      List<AioTimer> model = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        idle.add(context.newTimer(() -> {}));
      }
      // Near the wrap of nanoTime's clock, whose origin is arbitrary.
      long origin = Long.MAX_VALUE - 5_000;
      for (int i = 0; i < 10_000; i++) {
        switch (random.nextInt(4)) {
          case 0, 1 -> {
            if (!idle.isEmpty()) {
              AioTimer timer = idle.remove(random.nextInt(idle.size()));
              timer.deadlineNanos = origin + random.nextInt(10_000);
              heap.add(timer);
              model.add(timer);
            }
          }
          case 2 -> {
            if (!model.isEmpty()) {
              AioTimer timer = model.remove(random.nextInt(model.size()));
              heap.remove(timer);
              assertThat(timer.isArmed()).isFalse();
              idle.add(timer);
            }
          }
          default -> {
            AioTimer first = heap.first();
            if (first != null) {
              heap.remove(first);
              model.remove(first);
              idle.add(first);
            }
          }
        }
        AioTimer first = heap.first();
        if (first == null) {
          assertThat(model).isEmpty();
        } else {
          assertThat(first.deadlineNanos - origin)
              .isEqualTo(
                  model.stream()
                      .map(timer -> timer.deadlineNanos - origin)
                      .min(Comparator.naturalOrder())
                      .orElseThrow());
        }
      }
    }
  }
}
