package dev.platter.emulator.measure.stages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.emulator.result.document.RequestStages;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class StallLogTest {
  private static final long THRESHOLD = 1_000_000;
  private static final PathThreads THREADS = PathThreads.of(TracedDevice.VIRTIO);

  private static void add(StallLog log, double at, Stamp end, double micros) {
    RequestRecord request = Timelines.record(Timelines.longStage(at, end, micros));
    log.add(TracedDevice.VIRTIO, request, THRESHOLD);
  }

  @Test
  @DisplayName("Counts by cause stay exact beyond what is kept")
  void overflow() {
    StallLog log = new StallLog();
    int beyond = 1000;
    for (int i = 0; i < StallLog.CAPACITY + beyond; i++) {
      add(log, i * 10_000, Stamp.SEEN, 2000 + i);
    }
    // Not a stall as far as is known, and not kept: no pause can be found to be its cause.
    add(log, 0, Stamp.READY, 5000);
    add(log, 0, Stamp.SEEN, 500);
    StallSummary summary = new StallSummary(TracedDevice.VIRTIO);
    assertThat(summary.add(log, THREADS, Observations.NONE)).hasSize(StallLog.CAPACITY);
    RequestStages.Stalls stalls = summary.byCause().getFirst();
    int all = StallLog.CAPACITY + beyond;
    assertThat(stalls)
        .isEqualTo(
            new RequestStages.Stalls(
                "guest_late",
                all,
                2000.0 * all + all * (all - 1) / 2.0,
                2000.0 + all - 1,
                stalls.what()));
    assertThat(summary.byCause()).hasSize(1);
    assertThat(summary.unmatched()).isEqualTo(beyond + 1);
    assertThat(summary.unexplained())
        .containsExactly(new RequestStages.Unexplained("kernel", 1, 5000.0, 5000.0));
    log.clear();
    assertThat(log.count()).isZero();
    assertThat(new StallSummary(TracedDevice.VIRTIO).add(log, THREADS, Observations.NONE))
        .isEmpty();
  }

  @Test
  @DisplayName("A pause takes those that are kept away from the cause that was known")
  void pausesAreMatchedAtTheEnd() {
    StallLog log = new StallLog();
    add(log, 0, Stamp.SEEN, 2000);
    add(log, 10_000, Stamp.SEEN, 3000);
    add(log, 20_000, Stamp.READY, 4000);
    JvmPause gc = new JvmPause("gc", Timelines.nanos(10_000), Timelines.nanos(30_000), "GC");
    StallSummary summary = new StallSummary(TracedDevice.VIRTIO);
    summary.add(
        log,
        THREADS,
        new Observations(List.of(gc), BusyIntervals.NONE, "test", 0, ThreadDelays.NONE));
    assertThat(summary.byCause())
        .extracting(
            RequestStages.Stalls::cause,
            RequestStages.Stalls::requests,
            RequestStages.Stalls::totalUs)
        .containsExactly(tuple("gc_pause", 2L, 7000.0), tuple("guest_late", 1L, 2000.0));
  }

  @Test
  void namesWhoHeldTheLockAndWhatWokeTheLoop() {
    StallLog log = new StallLog();
    for (int i = 0; i < 3; i++) {
      Timeline timeline = Timelines.longStage(0, Stamp.HANDLED, 2000);
      timeline.waitedForLock(i == 0 ? "main-loop" : "vcpu1", 2_000_000);
      log.add(TracedDevice.AHCI, Timelines.record(timeline), THRESHOLD);
    }
    StallSummary summary = new StallSummary(TracedDevice.AHCI);
    summary.add(log, THREADS, Observations.NONE);
    assertThat(summary.byCause().getFirst().what())
        .isEqualTo(
            "The big lock was held by another thread; vcpu1 in 2 of them; main-loop in 1 of them");
  }

  @Test
  @DisplayName("Long stages without a known cause are counted by stage, kept or not")
  void whatHasNoCauseIsToldApart() {
    StallLog log = new StallLog();
    add(log, 0, Stamp.READY, 3000);
    add(log, 10_000, Stamp.READY, 4000);
    add(log, 20_000, Stamp.COMPLETED, 2000);
    add(log, 30_000, Stamp.SEEN, 9000);
    StallSummary summary = new StallSummary(TracedDevice.VIRTIO);
    summary.add(log, THREADS, Observations.NONE);
    assertThat(summary.byCause())
        .extracting(RequestStages.Stalls::cause)
        .containsExactly("guest_late");
    assertThat(summary.unexplained())
        .extracting(
            RequestStages.Unexplained::stage,
            RequestStages.Unexplained::requests,
            RequestStages.Unexplained::maxUs)
        .containsExactly(tuple("kernel", 2L, 4000.0), tuple("finish", 1L, 2000.0));
  }
}
