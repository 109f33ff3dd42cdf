package dev.platter.emulator.measure.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.AioConfig;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.meter.Operation;
import dev.platter.emulator.measure.workload.Bench.Jobs;
import dev.platter.emulator.measure.workload.Bench.Mix;
import dev.platter.emulator.measure.workload.Bench.Pattern;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Mixes, trims, paces and jobs on every device; runs end by count, and bounds hold on any host. */
@Timeout(120)
class BenchTest {
  private static final int BLOCK = 4096;
  private static final int IMAGE_BYTES = 4 << 20;
  private static final long LONG_NANOS = 100_000_000_000L;

  @TempDir private Path directory;
  private Path image;

  @BeforeEach
  void makeImage() throws IOException {
    image = Files.write(directory.resolve("disk.img"), new byte[IMAGE_BYTES]);
  }

  private static BooleanSupplier after(int looks) {
    int[] left = {looks};
    return () -> --left[0] < 0;
  }

  private static Bench.Options options(
      Pattern pattern, int depth, int flushEvery, Mix mix, Jobs jobs) {
    return new Bench.Options(pattern, BLOCK, BLOCK, depth, 0, LONG_NANOS, flushEvery, 1, mix, jobs);
  }

  private RunResult run(
      DeviceKind device,
      Bench.Options options,
      @Nullable WriteLedger ledger,
      BooleanSupplier cancelled) {
    return TestBed.run(
            device,
            setup(options.depth() * options.jobs().count()),
            (target, measurement) -> new Bench(target, options, ledger, cancelled).run(measurement))
        .result();
  }

  private TestBed.Setup setup(int depth) {
    return new TestBed.Setup(
        image.toString(),
        ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK),
        AioConfig.mainLoop(),
        AioConfig.ioThread(),
        1,
        1,
        depth,
        BLOCK,
        0);
  }

  private static MeasuredRun failing(
      TestBed.Setup setup, DeviceKind device, TestBed.Workload load) {
    assertThatThrownBy(() -> TestBed.run(device, setup, load))
        .isInstanceOf(PlatterException.class)
        .hasMessageContaining(" failed with device status 5");
    MeasuredRun measured = TestBed.attempt(device, setup, () -> false, load);
    assertThat(measured.result().partial()).isTrue();
    assertThat(measured.result().failure())
        .hasMessageContaining(" failed with device status " + FailingDisk.STATUS);
    return measured;
  }

  /** The flush that ends each run that writes. */
  @ParameterizedTest
  @EnumSource(DeviceKind.class)
  void whatWasMeasuredOutlivesAFinalFlushThatFails(DeviceKind device) {
    Bench.Options options = options(Pattern.RANDWRITE, 4, 0, Mix.EVEN, Jobs.ONE);
    RunResult result =
        failing(
                setup(4),
                device,
                (target, measurement) -> {
                  FailingDisk disk = new FailingDisk(target, Operation.FLUSH, 1);
                  return new Bench(disk, options, null, () -> disk.submitted() >= 104)
                      .run(measurement);
                })
            .result();
    assertThat(result.requests()).isGreaterThanOrEqualTo(100);
    assertThat(result.hasMeasured()).isTrue();
  }

  /** One request fails in the middle: what completed before it counts, and so do the counters. */
  @ParameterizedTest
  @EnumSource(DeviceKind.class)
  void whatWasMeasuredOutlivesARequestThatFails(DeviceKind device) {
    Bench.Options options = options(Pattern.RANDREAD, 1, 0, Mix.EVEN, Jobs.ONE);
    MeasuredRun measured =
        failing(
            setup(1),
            device,
            (target, measurement) ->
                new Bench(new FailingDisk(target, Operation.READ, 201), options, null, () -> false)
                    .run(measurement));
    // The first begins before measuring does.
    assertThat(measured.result().requests()).isEqualTo(200);
    assertThat(measured.result().latencyNanos().getTotalCount()).isEqualTo(200);
    assertThat(measured.loop().blockSqes()).isPositive();
  }

  /** Both are told: the sectors that are wrong, and that the run failed then. */
  @Test
  void wrongSectorsOutliveAFlushThatFails() throws IOException {
    Files.write(image, new byte[IMAGE_BYTES]);
    WriteLedger ledger = new WriteLedger(IMAGE_BYTES, null);
    ledger.prefilled(1); // which is not true
    RunResult result =
        TestBed.attempt(
                DeviceKind.RAW,
                setup(1),
                () -> false,
                (target, measurement) ->
                    new Bench(
                            new FailingDisk(target, Operation.FLUSH, 1),
                            options(Pattern.RANDRW, 1, 0, Mix.EVEN, Jobs.ONE),
                            ledger,
                            () -> false)
                        .run(measurement))
            .result();
    assertThat(result.failure()).hasMessage("FLUSH failed with device status 5");
    assertThat(Objects.requireNonNull(result.verification()).wrong()).isPositive();
  }

  @ParameterizedTest
  @EnumSource(DeviceKind.class)
  void whatIotestHasReadOutlivesAReadThatFails(DeviceKind device) {
    Iotest.Options options = new Iotest.Options(IMAGE_BYTES, BLOCK, 1, 0, 0);
    RunResult result =
        failing(
                setup(1),
                device,
                (target, measurement) ->
                    new Iotest(new FailingDisk(target, Operation.READ, 101), options, () -> false)
                        .run(measurement))
            .result();
    assertThat(result.requests()).isEqualTo(100);
    assertThat(result.bytes()).isEqualTo(100 * BLOCK);
    assertThat(result.latencyNanos().getTotalCount()).isEqualTo(100);
  }

  @ParameterizedTest
  @EnumSource(DeviceKind.class)
  void aVerifiedMixOfAllOperationsIsCountedByOperation(DeviceKind device) {
    WriteLedger ledger = new WriteLedger(IMAGE_BYTES, null);
    RunResult result =
        run(
            device,
            // At depth 1 a job waits for its flush, so that there are some however slow they are.
            options(Pattern.RANDRW, 1, 16, new Mix(60, 10), Jobs.ONE),
            ledger,
            after(1000));
    assertThat(result.operations())
        .containsOnlyKeys(Operation.READ, Operation.WRITE, Operation.FLUSH, Operation.DISCARD);
    result
        .operations()
        .forEach((operation, of) -> {
          assertThat(of.requests()).as("%s", operation).isPositive();
          assertThat(of.latencyNanos().getTotalCount()).isEqualTo(of.requests());
          assertThat(of.bytes())
              .isEqualTo(operation == Operation.FLUSH ? 0 : of.requests() * BLOCK);
        });
    long flushes = Objects.requireNonNull(result.operations().get(Operation.FLUSH)).requests();
    long all =
        result.operations().values().stream().mapToLong(RunResult.OperationResult::requests).sum();
    assertThat(result.requests()).isEqualTo(all - flushes);
    assertThat(result.latencyNanos().getTotalCount()).isEqualTo(result.requests());
    assertThat(result.jobRequests()).containsExactly(result.requests());

    Verification read = Objects.requireNonNull(result.verification());
    assertThat(read.firstWrong()).isEmpty();
    assertThat(read.sectors()).isPositive();
    Verification back =
        ImageVerifier.verify(
            image, ledger.run(), ledger.completed(), Verification.Rule.EXACT, () -> false);
    assertThat(back.firstWrong()).isEmpty();
    assertThat(back.sectors()).isPositive();
  }

  /** What the run has written is gone in the middle of it. */
  @Test
  void aMixFindsAWrongSectorAndEnds() {
    int[] looks = {0};
    BooleanSupplier wipes =
        () -> {
          if (++looks[0] == 500) {
            try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
              file.write(new byte[IMAGE_BYTES]);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          }
          return false;
        };
    RunResult result =
        run(
            DeviceKind.RAW,
            options(Pattern.RANDRW, 2, 0, Mix.EVEN, Jobs.ONE),
            new WriteLedger(IMAGE_BYTES, null),
            wipes);
    assertThat(result.partial()).isTrue();
    assertThat(Objects.requireNonNull(result.verification()).wrong(SectorFault.LOST)).isPositive();
  }

  @ParameterizedTest
  @EnumSource(DeviceKind.class)
  void trimsAreTrims(DeviceKind device) {
    RunResult result =
        run(device, options(Pattern.RANDTRIM, 2, 0, Mix.EVEN, Jobs.ONE), null, after(50));
    assertThat(result.operations()).containsOnlyKeys(Operation.DISCARD);
    assertThat(result.requests()).isPositive();
  }

  @ParameterizedTest
  @EnumSource(DeviceKind.class)
  void aRateIsNotExceeded(DeviceKind device) {
    RunResult result =
        run(
            device,
            options(Pattern.RANDREAD, 2, 0, Mix.EVEN, new Jobs(2, 0, 100)),
            null,
            after(40));
    double seconds = result.elapsedNanos() / 1e9;
    assertThat((double) result.requests()).isLessThanOrEqualTo(2 * (100 * seconds + 1));
    assertThat(result.requests()).isPositive();
  }

  @ParameterizedTest
  @EnumSource(DeviceKind.class)
  void aThinkTimeIsThoughtBetweenRequests(DeviceKind device) {
    RunResult result =
        run(
            device,
            options(Pattern.RANDREAD, 1, 0, Mix.EVEN, new Jobs(1, 5_000_000, 0)),
            null,
            after(20));
    assertThat(result.requests()).isPositive();
    // Before the first request as well as after each.
    assertThat((double) result.requests()).isLessThanOrEqualTo(result.elapsedNanos() / 5e6);
  }

  /** AHCI has 32 command slots: each of 8 jobs gets 4 of them, and 40 jobs do not fit. */
  @Test
  void jobsShareWhatTheDiskTakes() {
    RunResult result =
        run(
            DeviceKind.AHCI,
            options(Pattern.READ, 16, 0, Mix.EVEN, new Jobs(8, 0, 0)),
            null,
            after(200));
    assertThat(result.jobRequests()).hasSize(8).allSatisfy(n -> assertThat(n).isPositive());
    assertThat(result.jobRequests().stream().mapToLong(n -> n).sum()).isEqualTo(result.requests());
    assertThatThrownBy(() ->
            run(
                DeviceKind.AHCI,
                options(Pattern.READ, 1, 0, Mix.EVEN, new Jobs(40, 0, 0)),
                null,
                after(1)))
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> assertThat(e.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT))
        .hasMessage("40 jobs are more than this disk takes requests at a time: 32");
  }

  /** Nobody asked for one. */
  @Test
  void aStateWithoutFlushesGetsOneBeforeItsMemoryGrowsOn() {
    Path state = directory.resolve("state");
    WriteLedger ledger = new WriteLedger(IMAGE_BYTES, state);
    for (int i = 1; i < WriteLedger.MOST_UNSTABLE_WRITES; i++) {
      ledger.completed(0, 1, 1);
    }
    assertThat(ledger.wantsFlush()).isFalse();
    RunResult result =
        run(
            DeviceKind.RAW,
            options(Pattern.RANDWRITE, 1, 0, Mix.EVEN, Jobs.ONE),
            ledger,
            after(200));
    assertThat(result.operations()).containsKey(Operation.FLUSH);
    assertThat(Objects.requireNonNull(result.operations().get(Operation.FLUSH)).requests())
        .isEqualTo(1);
    assertThat(ledger.wantsFlush()).isFalse();
  }

  @Test
  void aStateCannotTellOfTrims() {
    WriteLedger ledger = new WriteLedger(IMAGE_BYTES, directory.resolve("state"));
    assertThatThrownBy(() -> ledger.trimmed(0, 1)).isInstanceOf(IllegalStateException.class);
  }
}
