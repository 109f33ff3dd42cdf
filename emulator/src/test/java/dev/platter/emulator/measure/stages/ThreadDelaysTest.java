package dev.platter.emulator.measure.stages;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.measure.stages.ThreadDelays.OfThread;
import dev.platter.emulator.measure.stages.ThreadDelays.Window;
import java.util.List;
import org.junit.jupiter.api.Test;

class ThreadDelaysTest {
  // nanoTime may wrap between two looks.
  private static final long ORIGIN = Long.MAX_VALUE - 25;

  @SuppressWarnings("ConstantOverflow") // wanted
  private static final ThreadDelays DELAYS =
      new ThreadDelays(
          List.of(
              new OfThread(
                  "loop",
                  List.of(
                      new Window(ORIGIN, ORIGIN + 10, 3), new Window(ORIGIN + 20, ORIGIN + 30, 4))),
              new OfThread("vcpu0", List.of(new Window(ORIGIN, ORIGIN + 30, 30)))));

  private static long loop(long from, long nanos) {
    return DELAYS.waitedNanos("loop"::equals, ORIGIN + from, nanos);
  }

  @Test
  void aWindowCountsUpToWhatItHasInCommon() {
    assertThat(loop(0, 10)).isEqualTo(3);
    assertThat(loop(8, 2)).isEqualTo(2);
    assertThat(loop(8, 14)).isEqualTo(2 + 2);
    assertThat(loop(-100, 1000)).isEqualTo(3 + 4);
    assertThat(loop(10, 10)).isZero();
    assertThat(loop(30, 10)).isZero();
    assertThat(loop(-5, 5)).isZero();
  }

  /** The kernel cuts names: what two threads waited at the same time is no wait of either. */
  @Test
  void threadsOfOneNameAreNotMixed() {
    ThreadDelays two =
        new ThreadDelays(
            List.of(
                new OfThread("iothread-export", List.of(new Window(0, 100, 40))),
                new OfThread("iothread-export", List.of(new Window(0, 100, 30)))));
    assertThat(two.waitedNanos("iothread-export"::equals, 0, 100)).isEqualTo(40);
  }

  @Test
  void ofSeveralThreadsTheWorstCounts() {
    assertThat(DELAYS.waitedNanos(_ -> true, ORIGIN, 20)).isEqualTo(20);
    assertThat(DELAYS.waitedNanos("nobody"::equals, ORIGIN, 20)).isZero();
    assertThat(ThreadDelays.NONE.waitedNanos(_ -> true, ORIGIN, 20)).isZero();
  }
}
