package dev.platter.aio.sys;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FutexWordTest {
  @Test
  void holdsAnInt() {
    FutexWord word = new FutexWord();
    assertThat(word.get()).isZero();
    word.set(3);
    assertThat(word.compareAndSet(4, 5)).isFalse();
    assertThat(word.compareAndSet(3, 5)).isTrue();
    assertThat(word.getAndSet(6)).isEqualTo(5);
    word.setRelease(7);
    assertThat(word.get()).isEqualTo(7);
  }

  @Test
  void doesNotSleepWhenTheWordDiffers() {
    FutexWord word = new FutexWord();
    word.set(1);
    word.await(0); // would hang for ever
    word.await(0, Long.MAX_VALUE);
    assertThat(word.get()).isEqualTo(1);
  }

  @Test
  void aWaitEndsWithItsTimeout() {
    FutexWord word = new FutexWord();
    long timeout = 2_000_000;
    long start = System.nanoTime();
    // May return early for no reason (futex(2)): what counts is that it returns.
    while (System.nanoTime() - start < timeout) {
      word.await(0, timeout - (System.nanoTime() - start));
    }
    assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(timeout);
    word.await(0, 0);
    word.await(0, -1);
  }

  /** Each wake-up carries one value over; a lost one would hang. */
  @Test
  void twoThreadsPassAWordBackAndForth() throws Exception {
    int rounds = 20_000;
    FutexWord word = new FutexWord();
    Thread other = Thread.ofPlatform().start(() -> pass(word, rounds, 1));
    pass(word, rounds, 0);
    other.join();
    assertThat(word.get()).isEqualTo(2 * rounds);
  }

  private static void pass(FutexWord word, int rounds, int parity) {
    for (int i = 0; i < rounds; i++) {
      int now = word.get();
      while (now % 2 != parity) {
        word.await(now);
        now = word.get();
      }
      word.set(now + 1);
      word.wakeOne();
    }
  }
}
