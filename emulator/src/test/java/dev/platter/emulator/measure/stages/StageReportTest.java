package dev.platter.emulator.measure.stages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.aio.trace.Timeline.Wake;
import dev.platter.devices.block.meter.Operation;
import dev.platter.emulator.result.document.Records;
import dev.platter.emulator.result.document.RequestStages;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.jr.ob.JSON;

class StageReportTest {
  private static final double NO = Double.NaN;
  private static final double ROUNDING = 1e-9;

  private static StageRecorder begun(TracedDevice device) {
    StageRecorder recorder = new StageRecorder(device, "disk");
    recorder.begin(Timelines.ORIGIN);
    return recorder;
  }

  private static StageRun ended(int number, StageRecorder... recorders) {
    for (StageRecorder recorder : recorders) {
      recorder.end(Timelines.nanos(2_000_000));
    }
    return new StageRun(number, List.of(recorders), List.of());
  }

  private static Map<String, @Nullable Object> map(@Nullable Object value) {
    assertThat(value).isInstanceOf(Map.class);
    Map<String, @Nullable Object> copy = new LinkedHashMap<>();
    if (value instanceof Map<?, ?> map) {
      map.forEach((key, entry) -> copy.put(String.valueOf(key), entry));
    }
    return copy;
  }

  private static List<Map<String, @Nullable Object>> list(@Nullable Object value) {
    assertThat(value).isInstanceOf(List.class);
    List<Map<String, @Nullable Object>> maps = new ArrayList<>();
    if (value instanceof List<?> list) {
      list.forEach(entry -> maps.add(map(entry)));
    }
    return maps;
  }

  private static double number(@Nullable Object value) {
    return value instanceof Number number ? number.doubleValue() : Double.NaN;
  }

  @Test
  @DisplayName("Random timelines: the stages at a percentile and of each slow request add up")
  void everythingAddsUp() {
    SplittableRandom random = new SplittableRandom(17);
    StageRecorder recorder = begun(TracedDevice.AHCI);
    for (int i = 0; i < 5000; i++) {
      recorder.record(Timelines.random(random), Operation.READ, i, 512);
    }
    Map<String, @Nullable Object> stages =
        Records.toMap(
            StageReport.of(TracedDevice.AHCI, List.of(ended(1, recorder)), Observations.NONE));
    for (String percentile : List.of("at_p50", "at_p99")) {
      Map<String, @Nullable Object> at = map(stages.get(percentile));
      double sum = map(at.get("stages_us")).values().stream().mapToDouble(v -> number(v)).sum();
      assertThat(sum).isPositive().isCloseTo(number(at.get("end_to_end_us")), within(ROUNDING));
    }
    List<Map<String, @Nullable Object>> slowest = list(stages.get("slowest"));
    assertThat(slowest).hasSize(16);
    for (Map<String, @Nullable Object> request : slowest) {
      double sum =
          list(request.get("stages")).stream().mapToDouble(stage -> number(stage.get("us"))).sum();
      assertThat(sum).isCloseTo(number(request.get("end_to_end_us")), within(ROUNDING));
    }
    assertThat(slowest.getFirst().get("end_to_end_us"))
        .isEqualTo(map(stages.get("end_to_end_us")).get("max"));
    assertThat(number(map(stages.get("at_p50")).get("end_to_end_us")))
        .isCloseTo(number(map(stages.get("end_to_end_us")).get("p50")), withinPercentage(6.5));
  }

  @Test
  @DisplayName("The lost wake-up, as the report tells it")
  void lostWakeUp() {
    StageRecorder recorder = begun(TracedDevice.AHCI);
    for (int i = 0; i < 100; i++) {
      recorder.record(
          Timelines.longStage(i * 1000, Stamp.READY, 70), Operation.READ, i * 4096L, 4096);
    }
    for (int i = 0; i < 3; i++) {
      // Two of one batch, one later.
      double at = i < 2 ? 200_000 + i : 1_000_000;
      Timeline timeline = new Timeline();
      timeline.queued(1, true, false);
      timeline.entered(1, Wake.TIMER);
      Timeline stamps = Timelines.longStage(at, Stamp.ENTERED, 498_000 - i);
      for (Stamp stamp : Stamp.values()) {
        timeline.stamp(stamp, stamps.at(stamp));
      }
      recorder.record(timeline, Operation.READ, 131_072, 131_072);
    }
    Map<String, @Nullable Object> stages =
        Records.toMap(
            StageReport.of(TracedDevice.AHCI, List.of(ended(1, recorder)), Observations.NONE));
    assertThat(stages).containsEntry("requests", 103L).containsEntry("stall_threshold_us", 1000.0);
    assertThat(list(stages.get("stages")))
        .extracting(stage -> stage.get("stage"), stage -> stage.get("lane"))
        .containsExactly(
            tuple("driver", "vcpu"),
            tuple("exit", "vcpu"),
            tuple("dispatch", "vcpu"),
            tuple("device", "vcpu"),
            tuple("queue", "main-loop"),
            tuple("kernel", "kernel"),
            tuple("reap", "main-loop"),
            tuple("finish", "main-loop"),
            tuple("interrupt", "main-loop"),
            tuple("guest", "vcpu"));
    assertThat(map(map(stages.get("at_p50")).get("stages_us"))).containsEntry("kernel", 70.0);
    Map<String, @Nullable Object> slow = list(stages.get("slowest")).getFirst();
    assertThat(slow)
        .containsEntry("run", 1L)
        .containsEntry("at_us", 200_000.0)
        .containsEntry("operation", "read")
        .containsEntry("offset_bytes", 131_072L)
        .containsEntry("length_bytes", 131_072L)
        .containsEntry("end_to_end_us", 498_009.0);
    assertThat(map(slow.get("stall")))
        .containsEntry("cause", "not_notified")
        .containsEntry("stage", "queue")
        .containsEntry("us", 498_000.0)
        .containsEntry(
            "detail",
            "main-loop slept; nobody told it of the SQE; its timer woke it after 498.0 ms");
    assertThat(list(stages.get("slowest")).get(15)).containsEntry("stall", null);
    assertThat(list(stages.get("stalls")))
        .singleElement()
        .satisfies(stall ->
            assertThat(stall)
                .containsEntry("cause", "not_notified")
                .containsEntry("requests", 3L)
                .containsEntry("total_us", 1_493_997.0)
                .containsEntry("max_us", 498_000.0)
                .containsEntry(
                    "what",
                    "An SQE was queued while main-loop slept, and nobody told it; its timer woke"
                        + " it in 3 of them"));
    Map<String, @Nullable Object> timeline = list(stages.get("timelines")).getFirst();
    assertThat(timeline)
        .containsEntry("run", 1L)
        .containsEntry("bucket_us", 4000L)
        .containsEntry("duration_us", 2_000_000.0);
    assertThat(list(timeline.get("buckets")))
        .hasSize(25 + 2)
        .last()
        .satisfies(bucket ->
            assertThat(bucket)
                .containsEntry("at_us", 1_496_000L)
                .containsEntry("requests", 1L)
                .containsEntry("max_us", 498_007.0)
                .containsEntry("mean_us", 498_007.0));
    assertThat(list(timeline.get("marks")))
        .extracting(mark -> mark.get("kind"), mark -> mark.get("at_us"), mark -> mark.get("detail"))
        .containsExactly(
            tuple("stall", 200_004.0, "2 requests: SQE queued, loop asleep, nobody told it"),
            tuple("stall", 1_000_004.0, "1 request: SQE queued, loop asleep, nobody told it"));
  }

  @Test
  @DisplayName("Several runs: requests are put together, time lines are not")
  void severalRuns() {
    StageRecorder first = begun(TracedDevice.VIRTIO);
    StageRecorder second = begun(TracedDevice.VIRTIO);
    StageRecorder alsoSecond = begun(TracedDevice.VIRTIO);
    first.record(Timelines.of(0, 1, NO, 10), Operation.READ, 0, 512);
    second.record(Timelines.of(0, 1, NO, 30), Operation.WRITE, 1, 512);
    alsoSecond.record(Timelines.of(5, 6, NO, 25), Operation.FLUSH, 2, 0);
    MarkLog timer = new MarkLog("timer", "housekeeping");
    timer.add(Timelines.nanos(-3000), 0);
    timer.add(Timelines.nanos(499_000), 0);
    timer.add(Timelines.nanos(3_000_000), 0);
    StageRun run = ended(2, second, alsoSecond);
    JvmPause gc = new JvmPause("gc", Timelines.nanos(1000), Timelines.nanos(1500), "DefNew");
    JvmPause before = new JvmPause("gc", Timelines.nanos(-900), Timelines.nanos(-500), "DefNew");
    Observations seen =
        new Observations(
            List.of(before, gc), BusyIntervals.NONE, "flight recorder", 1200, ThreadDelays.NONE);
    Map<String, @Nullable Object> stages =
        Records.toMap(
            StageReport.of(
                TracedDevice.VIRTIO,
                List.of(ended(1, first), new StageRun(2, run.recorders(), List.of(timer))),
                seen));
    assertThat(stages).containsEntry("requests", 3L);
    assertThat(list(stages.get("slowest")))
        .extracting(slow -> slow.get("run"), slow -> slow.get("operation"))
        .containsExactly(tuple(2L, "write"), tuple(2L, "flush"), tuple(1L, "read"));
    assertThat(list(stages.get("timelines")))
        .extracting(line -> line.get("run"))
        .containsExactly(1L, 2L);
    Map<String, @Nullable Object> line = list(stages.get("timelines")).get(1);
    assertThat(list(line.get("buckets")))
        .singleElement()
        .satisfies(bucket -> assertThat(bucket).containsEntry("requests", 2L));
    assertThat(list(line.get("marks")))
        .extracting(mark -> mark.get("kind"), mark -> mark.get("at_us"), mark -> mark.get("us"))
        .containsExactly(tuple("gc", 1000.0, 500.0), tuple("timer", 499_000.0, 0.0));
    assertThat(map(stages.get("pauses")))
        .containsEntry("source", "flight recorder")
        .containsEntry("error_us", 1.2);
  }

  @Test
  void stampsOutOfOrderAreTold() {
    StageRecorder recorder = begun(TracedDevice.AHCI);
    recorder.record(Timelines.of(0, 1, 2, 3, 4, 5, 6, 7, 8, -4, 10), Operation.READ, 0, 512);
    Map<String, @Nullable Object> stages =
        Records.toMap(
            StageReport.of(TracedDevice.AHCI, List.of(ended(1, recorder)), Observations.NONE));
    Map<String, @Nullable Object> disorder = map(stages.get("out_of_order"));
    assertThat(disorder).containsEntry("requests", 1L);
    assertThat(map(disorder.get("stages"))).containsEntry("interrupt", 1L).hasSize(1);
  }

  @Test
  @DisplayName("At most so many marks of a kind: the longest, and the rest counted")
  void marksAreBounded() {
    StageRecorder recorder = begun(TracedDevice.AHCI);
    List<JvmPause> pauses = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      long begin = Timelines.nanos(i * 1000);
      pauses.add(new JvmPause("safepoint", begin, begin + 1000 + i, "x"));
    }
    Map<String, @Nullable Object> stages =
        Records.toMap(
            StageReport.of(
                TracedDevice.AHCI,
                List.of(ended(1, recorder)),
                new Observations(pauses, BusyIntervals.NONE, "test", 0, ThreadDelays.NONE)));
    Map<String, @Nullable Object> line = list(stages.get("timelines")).getFirst();
    assertThat(list(line.get("marks")))
        .hasSize(256)
        .first()
        .satisfies(mark -> assertThat(mark).containsEntry("at_us", 44_000.0));
    assertThat(line).containsEntry("marks_omitted", 44L);
  }

  private static List<TracedDevice> devices() {
    TracedDevice wordless =
        new TracedDevice(
            TracedDevice.Entry.REGISTER, Stamp.EXIT, "iothread", "its loop", "it", Map.of());
    return List.of(
        TracedDevice.RAW,
        TracedDevice.AHCI,
        TracedDevice.VIRTIO,
        TracedDevice.AHCI.served(Stamp.EXIT),
        wordless);
  }

  @ParameterizedTest
  @MethodSource("devices")
  @DisplayName("Without a single request the document can be written all the same")
  void empty(TracedDevice device) throws Exception {
    Map<String, @Nullable Object> stages =
        Records.toMap(StageReport.of(device, List.of(ended(1, begun(device))), Observations.NONE));
    assertThat(stages).containsEntry("requests", 0L).containsEntry("at_p50", null);
    assertThat(list(stages.get("stages"))).isEmpty();
    assertThat(JSON.std.asString(stages)).contains("\"end_to_end_us\":{}").doesNotContain("NaN");
    assertThat(StageTable.render(Map.of("x", Records.read(RequestStages.class, stages, "")), 80))
        .startsWith("stage");
  }

  @ParameterizedTest
  @MethodSource("devices")
  void everyStageHasALaneAndALabel(TracedDevice device) {
    List<String> lanes = List.of("vcpu", "main-loop", "iothread", "kernel", "own");
    for (Stamp end : Stamp.values()) {
      assertThat(device.lane(end)).isIn(lanes);
      assertThat(device.label(end)).isNotBlank().hasSizeLessThan(40);
    }
  }
}
