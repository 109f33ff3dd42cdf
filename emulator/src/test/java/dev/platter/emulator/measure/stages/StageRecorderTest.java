package dev.platter.emulator.measure.stages;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.meter.Operation;
import java.lang.management.ManagementFactory;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class StageRecorderTest {
  private static StageRecorder begun(TracedDevice device) {
    StageRecorder recorder = new StageRecorder(device, "disk");
    recorder.begin(Timelines.ORIGIN);
    return recorder;
  }

  private static void record(StageRecorder recorder, Timeline timeline) {
    recorder.record(timeline, Operation.READ, 0, 4096);
  }

  @Test
  @DisplayName("The sums of all stages are the sum of all requests")
  void stagesAddUp() {
    SplittableRandom random = new SplittableRandom(8);
    StageRecorder recorder = begun(TracedDevice.AHCI);
    for (int i = 0; i < 20_000; i++) {
      record(recorder, Timelines.random(random));
    }
    long sum = 0;
    for (Stamp end : Stamp.values()) {
      sum += recorder.stageSumNanos(end);
    }
    assertThat(sum).isEqualTo(recorder.endToEndSumNanos()).isPositive();
    assertThat(recorder.requests() + recorder.incompleteRequests()).isEqualTo(20_000);
    assertThat(recorder.clampedRequests()).isBetween(1L, recorder.requests());
    long clamped = 0;
    for (Stamp stamp : Stamp.values()) {
      clamped += recorder.clampedAt(stamp);
    }
    assertThat(clamped).isGreaterThanOrEqualTo(recorder.clampedRequests());
  }

  @Test
  @DisplayName("Recording allocates nothing: ordinary, disordered, stalled and slow requests")
  void allocatesNothing() {
    SplittableRandom random = new SplittableRandom(9);
    Timeline[] timelines = new Timeline[256];
    for (int i = 0; i < timelines.length; i++) {
      timelines[i] = Timelines.random(random);
    }
    StageRecorder recorder = begun(TracedDevice.AHCI);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 40 && least > 0; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      recorder.begin(Timelines.ORIGIN);
      for (int i = 0; i < 20_000; i++) {
        recorder.spanBegins(i & 31);
        recorder.spanEnds(i & 31);
        recorder.record(i & 31, timelines[i & 255], Operation.WRITE, i, 512);
      }
      recorder.end(Timelines.ORIGIN + 1);
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }
    assertThat(least).isZero();
    assertThat(recorder.requests()).isGreaterThan(19_000);
    assertThat(recorder.stalls().count()).isEqualTo(StallLog.CAPACITY);
  }

  @Test
  @DisplayName("What is not between begin and end is not recorded; begin forgets")
  void measuredPart() {
    StageRecorder recorder = new StageRecorder(TracedDevice.VIRTIO, "disk");
    Timeline timeline = Timelines.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    record(recorder, timeline);
    assertThat(recorder.requests()).isZero();
    recorder.begin(Timelines.ORIGIN);
    record(recorder, Timelines.longStage(0, Stamp.SEEN, 9000));
    record(recorder, new Timeline());
    assertThat(recorder.incompleteRequests()).isEqualTo(1);
    recorder.begin(Timelines.nanos(5));
    record(recorder, timeline);
    recorder.end(Timelines.nanos(50));
    record(recorder, timeline);
    record(recorder, new Timeline());
    assertThat(recorder.requests()).isEqualTo(1);
    assertThat(recorder.endToEndMaxNanos()).isEqualTo(10_000);
    assertThat(recorder.stage(Stamp.SEEN).getTotalCount()).isEqualTo(1);
    assertThat(recorder.slowest().slowestFirst()).hasSize(1);
    assertThat(recorder.stalls().count()).isZero();
    assertThat(recorder.incompleteRequests()).isZero();
    assertThat(recorder.bands().count(recorder.bands().bandAt(50))).isEqualTo(1);
    assertThat(recorder.timeline().count(0)).isEqualTo(1);
  }

  @Test
  @DisplayName("A server's recorder does not count what it cannot see")
  void exports() {
    StageRecorder recorder = begun(TracedDevice.VIRTIO.served(Stamp.HANDLED));
    record(recorder, Timelines.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
    assertThat(recorder.stage(Stamp.HANDLED).getTotalCount()).isZero();
    assertThat(recorder.stage(Stamp.QUEUED).getTotalCount()).isEqualTo(1);
    assertThat(recorder.endToEndMaxNanos()).isEqualTo(6000);
  }

  @Test
  @DisplayName("Whatever is slower than the histograms' range counts as its end, but for maximum")
  void beyondTheRange() {
    StageRecorder recorder = begun(TracedDevice.AHCI);
    record(recorder, Timelines.longStage(0, Stamp.READY, 90e6));
    assertThat(recorder.endToEnd().getTotalCount()).isEqualTo(1);
    assertThat(recorder.endToEndMaxNanos()).isEqualTo(90_000_009_000L);
  }

  @Test
  void theStallThresholdIsAParameter() {
    StageRecorder recorder =
        new StageRecorder(TracedDevice.AHCI, "disk", PathThreads.of(TracedDevice.AHCI), 50_000);
    recorder.begin(Timelines.ORIGIN);
    record(recorder, Timelines.longStage(0, Stamp.SEEN, 50));
    record(recorder, Timelines.longStage(0, Stamp.SEEN, 51));
    assertThat(recorder.stalls().count()).isEqualTo(1);
  }
}
