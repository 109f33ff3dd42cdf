package dev.platter.emulator.measure.stages;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.measure.stages.SafepointLog.Interval;
import java.util.List;
import org.junit.jupiter.api.Test;

class SafepointLogTest {
  private static final ClockMap SHIFTED_BY_1000 =
      new ClockMap(List.of(new ClockMap.Point(0, 0, 1000)));

  @Test
  void aPauseLastsFromTheFirstThreadThatStopsToTheLastThatGoesOn() {
    SafepointLog log = new SafepointLog();
    log.operation(4, "ThreadDump");
    log.ends(4, new Interval(70, 75));
    log.begins(4, new Interval(50, 55));
    log.begins(2, new Interval(10, 12));
    assertThat(log.pauses(SHIFTED_BY_1000))
        .containsExactly(
            new JvmPause("safepoint", 1010, 1012, "safepoint"),
            new JvmPause("safepoint", 1050, 1075, "ThreadDump"));
  }

  @Test
  void aSafepointWithACollectionIsTheCollections() {
    SafepointLog log = new SafepointLog();
    log.begins(1, new Interval(100, 105));
    log.operation(1, "SerialCollectForAllocation");
    log.collectorPause(3, new Interval(110, 180));
    log.collection(3, "DefNew, Allocation Failure");
    log.ends(1, new Interval(185, 186));
    assertThat(log.pauses(SHIFTED_BY_1000))
        .containsExactly(new JvmPause("gc", 1100, 1186, "DefNew, Allocation Failure"));
  }

  @Test
  void aCollectionWhoseSafepointIsNotKnownIsAPauseToo() {
    SafepointLog log = new SafepointLog();
    log.collectorPause(3, new Interval(110, 180));
    assertThat(log.pauses(SHIFTED_BY_1000))
        .containsExactly(new JvmPause("gc", 1110, 1180, "garbage collection"));
    assertThat(new SafepointLog().pauses(SHIFTED_BY_1000)).isEmpty();
  }
}
