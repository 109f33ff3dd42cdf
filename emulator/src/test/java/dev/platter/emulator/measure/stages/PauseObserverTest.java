package dev.platter.emulator.measure.stages;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.trace.BigLockWaitEvent;
import dev.platter.aio.trace.LoopWaitEvent;
import java.util.List;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class PauseObserverTest {
  private static void collect() {
    System.gc();
  }

  @Test
  @DisplayName("A collection is found, and lies inside the call that asked for it")
  void collections() {
    try (PauseObserver observer = PauseObserver.start()) {
      long before = System.nanoTime();
      collect();
      long after = System.nanoTime();
      Observations seen = observer.stop();
      assertThat(seen.source()).isEqualTo("flight recorder");
      long error = seen.errorNanos();
      assertThat(error).isPositive().isLessThan(1_000_000);
      List<JvmPause> collections =
          seen.pauses().stream().filter(pause -> pause.detail().contains("System.gc()")).toList();
      assertThat(collections).isNotEmpty();
      assertThat(collections)
          .allSatisfy(pause -> {
            assertThat(pause.kind()).isEqualTo("gc");
            assertThat(pause.beginNanos()).isGreaterThanOrEqualTo(before - error);
            assertThat(pause.endNanos()).isLessThanOrEqualTo(after + error);
            assertThat(pause.nanos()).isPositive();
          });
      assertThat(observer.stop()).isSameAs(seen);
    }
  }

  @Test
  @DisplayName("A recording that the JVM or jcmd has stopped still tells what it saw by then")
  void stoppedBySomethingElse() {
    try (PauseObserver observer = PauseObserver.start()) {
      FlightRecorder.getFlightRecorder().getRecordings().forEach(Recording::stop);
      Observations seen = observer.stop();
      assertThat(seen.source()).startsWith("flight recorder").contains("something else stopped it");
      assertThat(observer.stop()).isSameAs(seen);
    }
    assertThat(FlightRecorder.getFlightRecorder().getRecordings()).isEmpty();
  }

  @Test
  @DisplayName("The observer's own recording asks for no events of requests, waits or locks")
  void doesNotRecordPlattersEvents() {
    try (PauseObserver observer = PauseObserver.start()) {
      assertThat(FlightRecorder.getFlightRecorder().getRecordings()).hasSize(1);
      assertThat(RequestEvent.enabled()).isFalse();
      assertThat(LoopWaitEvent.beginIfEnabled("loop")).isNull();
      assertThat(BigLockWaitEvent.beginIfEnabled()).isNull();
      try (Recording users = new Recording()) {
        users.start();
        assertThat(RequestEvent.enabled()).isTrue();
        assertThat(LoopWaitEvent.beginIfEnabled("loop")).isNotNull();
        assertThat(BigLockWaitEvent.beginIfEnabled()).isNotNull();
      }
      assertThat(RequestEvent.enabled()).isFalse();
      assertThat(observer.stop().errorNanos()).isPositive();
    }
    assertThat(FlightRecorder.getFlightRecorder().getRecordings()).isEmpty();
  }

  @Test
  @DisplayName("A recording that ran before keeps getting the events, and after the observer's end")
  void aRecordingThatIsThereAlready() {
    try (Recording users = new Recording()) {
      users.start();
      try (PauseObserver observer = PauseObserver.start()) {
        assertThat(RequestEvent.enabled()).isTrue();
        assertThat(observer.stop().errorNanos()).isPositive();
      }
      assertThat(RequestEvent.enabled()).isTrue();
    }
  }

  @Test
  @DisplayName("Two observations one after the other: the second holds nothing of the first")
  void again() {
    try (PauseObserver first = PauseObserver.start()) {
      collect();
      assertThat(first.stop().pauses()).isNotEmpty();
    }
    long between = System.nanoTime();
    try (PauseObserver second = PauseObserver.start()) {
      Observations seen = second.stop();
      assertThat(seen.pauses())
          .allSatisfy(pause ->
              assertThat(pause.endNanos()).isGreaterThanOrEqualTo(between - seen.errorNanos()));
    }
  }

  @Test
  @DisplayName("Without a flight recorder the collectors' beans tell, and say why")
  void fallback() {
    CollectorBeanPauses source = new CollectorBeanPauses("switched off");
    collect();
    source.tick();
    PauseRecorder.Found found = source.stop();
    assertThat(found.source()).contains("without other safepoints: switched off");
    assertThat(found.errorNanos()).isEqualTo(2_000_000);
    assertThat(CollectorBeanPauses.stopsThreads("ZGC Major Cycles")).isFalse();
    assertThat(CollectorBeanPauses.stopsThreads("ZGC Major Pauses")).isTrue();
    assertThat(CollectorBeanPauses.stopsThreads("G1 Concurrent GC")).isFalse();
    assertThat(CollectorBeanPauses.stopsThreads("Copy")).isTrue();
  }
}
