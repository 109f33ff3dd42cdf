package dev.platter.aio.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class BigLockTest {
  private final BigLock lock = new BigLock();

  @Test
  void knowsItsOwner() throws Exception {
    assertThat(lock.isHeldByCurrentThread()).isFalse();
    assertThatThrownBy(lock::checkHeld).hasMessageContaining("nobody does");
    lock.lock();
    assertThat(lock.isHeldByCurrentThread()).isTrue();
    lock.checkHeld();
    Thread stranger =
        Thread.ofPlatform()
            .name("stranger")
            .start(() -> {
              assertThat(lock.isHeldByCurrentThread()).isFalse();
              assertThatThrownBy(lock::checkHeld).hasMessageContaining("stranger");
              assertThatThrownBy(lock::unlock).isInstanceOf(IllegalStateException.class);
            });
    stranger.join();
    lock.unlock();
    assertThat(lock.isHeldByCurrentThread()).isFalse();
    assertThatThrownBy(lock::unlock).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void isNotReentrant() {
    lock.lock();
    assertThatThrownBy(lock::lock)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("reentrant");
    lock.unlock();
    assertThat(lock.stats().acquisitions()).isEqualTo(1);
  }

  @Test
  void countsWaitingAndHolding() throws Exception {
    int rounds = 0;
    long heldNanos = 0;
    // Until a waiter was on the processor in time to meet the lock held: usually at once.
    while (lock.stats().contended() == 0) {
      rounds++;
      CountDownLatch running = new CountDownLatch(1);
      lock.lock();
      long start = System.nanoTime();
      Thread waiter =
          Thread.ofPlatform()
              .start(() -> {
                running.countDown();
                lock.lock();
                lock.unlock();
              });
      running.await();
      while (System.nanoTime() - start < 1_000_000) {
        Thread.onSpinWait();
      }
      heldNanos += System.nanoTime() - start;
      lock.unlock();
      waiter.join();
    }
    BigLock.Stats stats = lock.stats();
    assertThat(stats.acquisitions()).isEqualTo(2L * rounds);
    assertThat(stats.contended()).isEqualTo(1);
    assertThat(stats.waitNanos()).isPositive();
    assertThat(stats.holdNanos()).isGreaterThanOrEqualTo(heldNanos);
    assertThat(stats.longestHoldNanos()).isBetween(heldNanos / rounds, stats.holdNanos());
    assertThat(lock.stats().since(stats))
        .isEqualTo(new BigLock.Stats(0, 0, 0, 0, stats.longestHoldNanos()));
  }

  @Test
  void excludesAndLosesNoWaiter() throws Exception {
    int threads = 4;
    int rounds = 50_000;
    long[] plain = new long[1]; // torn apart without the lock
    Thread[] contenders = new Thread[threads];
    for (int t = 0; t < threads; t++) {
      contenders[t] =
          Thread.ofPlatform()
              .start(() -> {
                for (int i = 0; i < rounds; i++) {
                  lock.lock();
                  plain[0]++;
                  lock.unlock();
                }
              });
    }
    for (Thread contender : contenders) {
      contender.join();
    }
    assertThat(plain[0]).isEqualTo((long) threads * rounds);
    assertThat(lock.stats().acquisitions()).isEqualTo((long) threads * rounds);
  }

  @Test
  void anInterruptedWaiterStillGetsIt() throws Exception {
    lock.lock();
    boolean[] held = new boolean[1];
    Thread waiter =
        Thread.ofPlatform()
            .start(() -> {
              lock.lock();
              held[0] = Thread.interrupted();
              lock.unlock();
            });
    waiter.interrupt();
    lock.unlock();
    waiter.join();
    assertThat(held[0]).isTrue();
  }

  @Test
  void aThreadHoldsOneOfSeveralAndHasItsContext() {
    try (MainLoop one = new MainLoop("one", AioConfig.mainLoop());
        MainLoop other = new MainLoop("other", AioConfig.mainLoop())) {
      for (MainLoop loop : List.of(one, other)) {
        loop.lock().lock();
        assertThat(AioContext.current()).isSameAs(loop.context());
        loop.lock().unlock();
      }
      one.lock().lock();
      assertThatThrownBy(() -> other.lock().lock())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("one big lock at a time");
      assertThatThrownBy(() -> other.context().invoke(() -> {}))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("another big lock");
      assertThat(AioContext.current()).isSameAs(one.context());
      one.lock().unlock();
      assertThatThrownBy(AioContext::current).isInstanceOf(IllegalStateException.class);
      other.context().invoke(() -> assertThat(AioContext.current()).isSameAs(other.context()));
      assertThatThrownBy(() -> other.context().invoke(() -> one.lock().lock()))
          .isInstanceOf(IllegalStateException.class);
    }
  }
}
