package dev.platter.emulator.measure.stages;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.meter.Operation;
import dev.platter.emulator.result.document.Records;
import dev.platter.emulator.result.document.RequestStages;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class StageTableTest {
  /** The same with so many stalls that were not matched. */
  private static RequestStages unmatched(long stalls, RequestStages stages) {
    Map<String, @Nullable Object> map = Records.toMap(stages);
    map.put("stalls_unmatched", stalls);
    return Records.read(RequestStages.class, map, "");
  }

  private static final double NO = Double.NaN;

  private static RequestStages stages(TracedDevice device, Timeline... timelines) {
    StageRecorder recorder = new StageRecorder(device, "disk");
    recorder.begin(Timelines.ORIGIN);
    for (Timeline timeline : timelines) {
      recorder.record(timeline, Operation.READ, 0, 512);
    }
    recorder.end(Timelines.nanos(1000));
    StageRun run = new StageRun(1, List.of(recorder), List.of());
    return StageReport.of(device, List.of(run), Observations.NONE);
  }

  @Test
  void rowsAreStagesAndColumnsAreDevices() {
    Map<String, @Nullable RequestStages> devices = new LinkedHashMap<>();
    devices.put(
        "raw", stages(TracedDevice.RAW, Timelines.of(0, NO, NO, NO, 0.25, 0.5, 70.5, 71.5)));
    devices.put("ahci (notify off)", null);
    devices.put("virtio", stages(TracedDevice.VIRTIO, Timelines.longStage(0, Stamp.SEEN, 2500)));
    assertThat(StageTable.render(devices, 80))
        .isEqualTo(
            """
            stage       raw p50 us  raw p99 us  virtio p50 us  virtio p99 us
            driver               -           -           1.00              -
            exit                 -           -           1.00              -
            dispatch             -           -           1.00              -
            device            0.25           -           1.00              -
            queue             0.25           -           1.00              -
            kernel            70.0           -           1.00              -
            reap              1.00           -           1.00              -
            finish               -           -           1.00              -
            interrupt            -           -           1.00              -
            guest                -           -           2500              -
            end to end        71.5           -           2509              -
            virtio: 1 of 1 requests stalled, guest_late, 2.5 ms in all, 2.5 ms at worst. The
              guest took the interrupt late.
            """);
  }

  @Test
  void whatHasNoKnownCauseIsSaidToHaveNone() {
    String text =
        StageTable.render(
            Map.of(
                "raw",
                stages(
                    TracedDevice.RAW,
                    Timelines.of(0, NO, NO, NO, 1, 2, 3_002, 3_003),
                    Timelines.of(0, NO, NO, NO, 2_001, 2_002, 2_003, 2_004))),
            80);
    assertThat(text)
        .endsWith(
            """
            raw: 1 of 2 requests took longest in the kernel and the disk, 3.0 ms in all, 3.0
              ms at worst. No other cause is known.
            raw: 1 of 2 requests took longest in stage device, 2.0 ms in all, 2.0 ms at
              worst. The cause is not known.
            """);
  }

  @Test
  void whatWasNotMatchedIsCounted() {
    RequestStages stages =
        unmatched(900, stages(TracedDevice.VIRTIO, Timelines.longStage(0, Stamp.SEEN, 2500)));
    assertThat(StageTable.render(Map.of("virtio", stages), 80))
        .endsWith(
            """
              guest took the interrupt late.
            virtio: 900 unmatched: only the first requests with a long stage are held
              against pauses of the JVM, busy workers and threads without a CPU, any of
              which may be the cause of these.
            """);
  }

  @Test
  void withoutStagesThereIsNothing() {
    assertThat(StageTable.render(Map.of(), 80)).isEmpty();
  }
}
