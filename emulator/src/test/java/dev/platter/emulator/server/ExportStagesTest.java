package dev.platter.emulator.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.IoThread;
import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.meter.Operation;
import dev.platter.emulator.measure.stages.Observations;
import dev.platter.emulator.measure.stages.StageReport;
import dev.platter.emulator.measure.stages.StallCause;
import dev.platter.emulator.measure.stages.TracedDevice;
import dev.platter.emulator.result.document.Records;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ExportStagesTest {
  private static final long MILLI = 1_000_000;

  /**
   * A request that has left its stamps: so long in the queue, the loop awake, and in the kernel.
   */
  private static void complete(ExportStages stages, int unit, long queuedNanos, long kernelNanos) {
    Timeline timeline = stages.timeline(unit, 0);
    long at = System.nanoTime() - queuedNanos - kernelNanos - MILLI;
    timeline.stamp(Stamp.DOORBELL, at);
    timeline.stamp(Stamp.HANDLED, at + 1);
    timeline.queued(at + 2, false, false);
    timeline.entered(at + 2 + queuedNanos, Timeline.Wake.NONE);
    long ready = at + 2 + queuedNanos + kernelNanos;
    timeline.reaped(ready, ready + 1, false, 0);
    timeline.stamp(Stamp.COMPLETED, ready + 2);
    stages.completed(timeline, Operation.FLUSH, 0, 0, unit);
  }

  @Test
  void stallsAreCountedByCauseOverAllLoopsAndRecordings() {
    try (IoThread one = new IoThread("one", AioConfig.ioThread());
        IoThread two = new IoThread("two", AioConfig.ioThread())) {
      ExportStages stages =
          new ExportStages(
              "vda",
              TracedDevice.VIRTIO.served(Stamp.HANDLED),
              List.of(one.context(), two.context()));
      assertThat(stages.stalls())
          .hasSize(8)
          .doesNotContainKeys(StallCause.GC_PAUSE, StallCause.NOT_SCHEDULED, StallCause.GUEST_LATE)
          .allSatisfy((cause, count) -> assertThat(count).isZero());

      complete(stages, 0, 10, 10);
      complete(stages, 0, 5 * MILLI, 10);
      complete(stages, 1, 5 * MILLI, 10);
      complete(stages, 1, 10, 5 * MILLI);
      stages.take();
      complete(stages, 0, 5 * MILLI, 10);

      assertThat(stages.stalls())
          .containsEntry(StallCause.LOOP_BUSY, 3L)
          .containsEntry(StallCause.WORKER_POOL, 1L)
          .containsEntry(StallCause.SQ_FULL, 0L);
    }
  }

  private static Map<String, ?> report(ExportStages stages) {
    return Records.toMap(
        StageReport.of(
            TracedDevice.AHCI.served(Stamp.EXIT), List.of(stages.take()), Observations.NONE));
  }

  /** A SATA command: its register access arrives, then its SQE is queued, then it is done. */
  private static void command(ExportStages stages, long exit, long queued, long completed) {
    Timeline timeline = stages.timeline(0, 0);
    timeline.stamp(Stamp.EXIT, exit);
    timeline.stamp(Stamp.HANDLED, exit);
    timeline.queued(queued, false, false);
    timeline.entered(queued, Timeline.Wake.NONE);
    timeline.reaped(completed, completed, false, 0);
    timeline.stamp(Stamp.COMPLETED, completed);
    stages.completed(timeline, Operation.READ, 0, 512, 0);
  }

  @Test
  void aQuiesceIsMarkedAndNoStage() {
    try (IoThread loop = new IoThread("sata", AioConfig.ioThread())) {
      ExportStages stages =
          new ExportStages("sata", TracedDevice.AHCI.served(Stamp.EXIT), List.of(loop.context()));
      long from = System.nanoTime();
      long to = from + 3_000 * MILLI;
      // Drained before the loops stop: its disk was at work, and that is its time.
      command(stages, from - 2 * MILLI, from - MILLI, from + MILLI);
      stages.resumes(to);
      stages.wasQuiesced(from, to);
      // Accepted meanwhile and before, and done later.
      command(stages, from + 10 * MILLI, to + 1_000, to + 2_000);
      command(stages, from - 10, to + 1_000, to + 2_000);
      // A part of it was done before.
      command(stages, from - 2 * MILLI, from - MILLI, to + MILLI);
      // Came afterwards.
      command(stages, to + 5_000, to + 6_000, to + 7_000);
      Map<String, ?> report = report(stages);
      assertThat(report.get("requests")).isEqualTo(4L);
      assertThat(report.get("held_by_quiesce")).isEqualTo(3L);
      assertThat(String.valueOf(report.get("stages")))
          .contains("stage=device")
          .doesNotContain("max=3000", "max=299");
      assertThat(report.get("stalls")).isEqualTo(List.of());
      assertThat(String.valueOf(report.get("timelines"))).contains("kind=quiesce", "us=3000000.0");
      // The next recording has its own.
      assertThat(report(stages).get("held_by_quiesce")).isEqualTo(0L);
    }
  }
}
