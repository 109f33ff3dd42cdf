package dev.platter.aio.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.sys.FutexWord;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/**
 * Many rounds of the sleep/awake handshake, with nothing but the handshake to wake anybody: one
 * lost wake-up and the test hangs, which its timeout reports.
 */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class HandshakeStressTest {
  private static final int ROUNDS = 100_000;

  @Test
  void bottomHalvesBetweenTwoSleepyLoops() throws Exception {
    bottomHalvesPingPong(0, ROUNDS);
  }

  @Test
  void bottomHalvesBetweenTwoPollingLoops() throws Exception {
    bottomHalvesPingPong(AioConfig.DEFAULT_POLL_MAX_NANOS, ROUNDS);
  }

  private static void bottomHalvesPingPong(long pollMaxNanos, int rounds) throws Exception {
    AioConfig config = AioConfig.ioThread().withPollMaxNanos(pollMaxNanos);
    try (IoThread left = new IoThread("left", config);
        IoThread right = new IoThread("right", config)) {
      CountDownLatch finished = new CountDownLatch(1);
      int[] count = new int[1];
      BottomHalf[] ping = new BottomHalf[1];
      BottomHalf pong = right.context().newBottomHalf(() -> ping[0].schedule());
      ping[0] =
          left.context()
              .newBottomHalf(() -> {
                if (++count[0] < rounds) {
                  pong.schedule();
                } else {
                  finished.countDown();
                }
              });
      ping[0].schedule();
      finished.await();
      assertThat(count[0]).isEqualTo(rounds);
    }
  }

  /** As a vCPU does with AHCI: queue under the big lock, then halt until the completion. */
  @Test
  void sqesFromALockHolderAndFutexWakeupsBack() {
    lockHolderPingPong(0, ROUNDS / 2);
  }

  /** The same with a main loop that polls, and so gives the lock up in one more place. */
  @Test
  void sqesFromALockHolderToAPollingMainLoop() {
    lockHolderPingPong(AioConfig.DEFAULT_POLL_MAX_NANOS, ROUNDS / 2);
  }

  private static void lockHolderPingPong(long pollMaxNanos, int rounds) {
    try (MainLoop mainLoop = new MainLoop(AioConfig.mainLoop().withPollMaxNanos(pollMaxNanos))) {
      FutexWord completed = new FutexWord();
      TestOp op =
          TestOp.nop(() -> {
            completed.set(completed.get() + 1);
            completed.wakeOne();
          });
      for (int i = 0; i < rounds; i++) {
        mainLoop.lock().lock();
        AioContext.current().addSqe(op);
        mainLoop.lock().unlock();
        while (completed.get() == i) {
          completed.await(i);
        }
      }
      assertThat(completed.get()).isEqualTo(rounds);
      LoopStats.Snapshot stats = mainLoop.context().stats().snapshot();
      assertThat(stats.notifiesSent() + stats.notifiesElided()).isGreaterThanOrEqualTo(rounds);
    }
  }

  /** Two threads at once, so that notifications meet a loop in every phase of its turn. */
  @Test
  void twoLockHoldersAndATimerAtOnce() throws Exception {
    try (MainLoop mainLoop = new MainLoop(AioConfig.mainLoop().withEntries(2))) {
      Thread[] threads = new Thread[2];
      for (int t = 0; t < threads.length; t++) {
        threads[t] =
            Thread.ofPlatform()
                .start(() -> {
                  FutexWord completed = new FutexWord();
                  Runnable complete =
                      () -> {
                        completed.set(completed.get() + 1);
                        completed.wakeOne();
                      };
                  TestOp first = TestOp.nop(complete);
                  TestOp second = TestOp.nop(complete);
                  AioTimer timer = mainLoop.context().newTimer(complete);
                  for (int i = 0; i < ROUNDS / 10; i++) {
                    mainLoop.lock().lock();
                    AioContext.current().addSqe(first);
                    AioContext.current().addSqe(second);
                    timer.arm(0);
                    mainLoop.lock().unlock();
                    int expected = 3 * (i + 1);
                    int now = completed.get();
                    while (now < expected) {
                      completed.await(now);
                      now = completed.get();
                    }
                  }
                });
      }
      for (Thread thread : threads) {
        thread.join();
      }
    }
  }
}
