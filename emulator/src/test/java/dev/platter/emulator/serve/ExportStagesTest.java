package dev.platter.emulator.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.IoThread;
import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.BlockRequest.Operation;
import dev.platter.emulator.trace.StallCause;
import dev.platter.emulator.trace.TracedDevice;
import java.util.List;
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
              "vda", TracedDevice.VIRTIO_EXPORT, List.of(one.context(), two.context()));
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
}
