package dev.platter.emulator.measure.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.platter.aio.loop.Ablation;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.trace.Stamp;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.emulator.measure.stages.Observations;
import dev.platter.emulator.measure.stages.StageRecorder;
import dev.platter.emulator.measure.stages.StageReport;
import dev.platter.emulator.measure.stages.StageRun;
import dev.platter.emulator.result.document.Records;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole runs whose stages are recorded: every request, every station that its device has. */
@Timeout(120)
@Tag("slow")
class StagesOfRunsTest {
  private static final long IMAGE_BYTES = 8 << 20;

  @TempDir private Path directory;
  private Path image;

  @BeforeEach
  void makeImage() throws IOException {
    image = directory.resolve("disk.img");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(IMAGE_BYTES);
    }
  }

  private TestBed.Setup setup(AioConfig mainLoop, int depth) {
    return new TestBed.Setup(
            image.toString(),
            ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK),
            mainLoop,
            AioConfig.ioThread(),
            1,
            1,
            depth,
            4096,
            0)
        .withStages(true);
  }

  private static MeasuredRun bench(DeviceKind device, TestBed.Setup setup, int depth) {
    Bench.Options options =
        new Bench.Options(
            Bench.Pattern.RANDWRITE,
            4096,
            4096,
            depth,
            0,
            200_000_000,
            20,
            1,
            Bench.Mix.EVEN,
            Bench.Jobs.ONE);
    return TestBed.run(
        device,
        setup,
        (target, measurement) -> new Bench(target, options, null, () -> false).run(measurement));
  }

  private static StageRecorder recorder(MeasuredRun measured) {
    StageRun run = measured.stages();
    assertThat(run).isNotNull();
    assertThat(run.recorders()).hasSize(1);
    return run.recorders().getFirst();
  }

  /** The stages object, as a report has it. */
  private static Map<String, @Nullable Object> stages(MeasuredRun measured) {
    StageRun run = measured.stages();
    assertThat(run).isNotNull();
    return Records.toMap(
        StageReport.of(recorder(measured).device(), List.of(run), Observations.NONE));
  }

  private static List<Map<?, ?>> list(Map<?, ?> map, String key) {
    List<Map<?, ?>> maps = new ArrayList<>();
    if (map.get(key) instanceof List<?> list) {
      list.forEach(one -> maps.add((Map<?, ?>) one));
    }
    return maps;
  }

  private static double micros(Map<?, ?> map, String key) {
    return map.get(key) instanceof Number number ? number.doubleValue() : Double.NaN;
  }

  private static List<?> stalls(MeasuredRun measured) {
    return list(stages(measured), "stalls").stream().map(stall -> stall.get("cause")).toList();
  }

  private static Set<Stamp> stations(DeviceKind device) {
    return switch (device) {
      case RAW ->
          EnumSet.of(
              Stamp.SUBMITTED, Stamp.QUEUED, Stamp.ENTERED, Stamp.READY, Stamp.REAPED, Stamp.SEEN);
      case AHCI -> EnumSet.allOf(Stamp.class);
      case VIRTIO -> EnumSet.complementOf(EnumSet.of(Stamp.EXIT));
    };
  }

  @ParameterizedTest
  @EnumSource(DeviceKind.class)
  void everyRequestOfTheMeasuredPartIsRecordedWithEveryStationOfItsDevice(DeviceKind device) {
    MeasuredRun measured = bench(device, setup(AioConfig.mainLoop(), 8), 8);
    StageRecorder recorder = recorder(measured);
    assertThat(recorder.requests()).isPositive();
    assertThat(recorder.requests())
        .isEqualTo(measured.result().latencyNanos().getTotalCount())
        .isEqualTo(measured.result().requests());
    assertThat(recorder.incompleteRequests()).isZero();
    Map<String, @Nullable Object> stages = stages(measured);
    List<String> passed =
        stations(device).stream()
            .filter(stamp -> stamp != Stamp.SUBMITTED)
            .map(Stamp::stage)
            .toList();
    assertThat(list(stages, "stages")).extracting(stage -> stage.get("stage")).isEqualTo(passed);
    assertThat(list(stages, "stages"))
        .allSatisfy(
            stage -> assertThat(stage.get("requests")).isEqualTo(measured.result().requests()));
    assertThat(list(stages, "slowest"))
        .isNotEmpty()
        .allSatisfy(request -> {
          double sum = list(request, "stages").stream().mapToDouble(one -> micros(one, "us")).sum();
          // Each of them is rounded to a hundredth.
          assertThat(sum).isCloseTo(micros(request, "end_to_end_us"), within(0.1));
        });
    // The two sides of a virtio doorbell and of an interrupt may race; nothing else may.
    for (Stamp stamp :
        EnumSet.of(Stamp.EXIT, Stamp.QUEUED, Stamp.ENTERED, Stamp.REAPED, Stamp.COMPLETED)) {
      assertThat(recorder.clampedAt(stamp)).as("out of order: %s", stamp).isZero();
    }
  }

  @Test
  void aRunThatIsNotRecordedHasNoStages() {
    assertThat(bench(DeviceKind.AHCI, setup(AioConfig.mainLoop(), 1).withStages(false), 1).stages())
        .isNull();
  }

  @Test
  void aRequestThatNobodyAnnouncesIsNamed() {
    AioConfig deaf = AioConfig.mainLoop().without(Set.of(Ablation.NOTIFY)).withPollMaxNanos(0);
    assertThat(stalls(bench(DeviceKind.AHCI, setup(deaf, 1), 1)))
        .isEqualTo(List.of("not_notified"));
    AioConfig told = AioConfig.mainLoop().withPollMaxNanos(0);
    assertThat(stalls(bench(DeviceKind.AHCI, setup(told, 1), 1))).noneMatch("not_notified"::equals);
  }
}
