package dev.platter.aio.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class LateTimerTest {
  private static final long SHORT = 1_000_000;
  private static final long NEVER = 3_600_000_000_000L;

  /** A loop that sleeps is woken, for the first of them first, and each fires once. */
  @Test
  void wakesItsLoop() {
    List<String> fired = new ArrayList<>();
    try (AioContext context =
        new AioContext("own", AioConfig.ioThread().withPollMaxNanos(0), null)) {
      LateTimer never = new LateTimer(context, () -> fired.add("never"));
      LateTimer late = new LateTimer(context, () -> fired.add("late"));
      LateTimer early = new LateTimer(context, () -> fired.add("early"));
      LateTimer cancelled = new LateTimer(context, () -> fired.add("cancelled"));
      never.arm(NEVER);
      late.arm(20 * SHORT);
      cancelled.arm(SHORT);
      early.arm(SHORT);
      early.arm(SHORT);
      cancelled.cancel();
      while (fired.size() < 2) {
        context.turn(true);
      }
      assertThat(fired).containsExactly("early", "late");
      assertThat(early.isArmed()).isFalse();
      assertThat(never.isArmed()).isTrue();
      early.arm(0);
      while (fired.size() < 3) {
        context.turn(true);
      }
      assertThat(fired).containsExactly("early", "late", "early");
    }
  }
}
