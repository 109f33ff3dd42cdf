package dev.platter.emulator.measure.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.Threads;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.meter.Operation;
import dev.platter.emulator.measure.workload.Bench.Pattern;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A run that is told to end on a disk that does not answer any more tells what it has measured. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class SilentDiskTest {
  private static final int BLOCK = 4096;
  private static final long DISK_BYTES = 4 << 20;
  private static final long LONG_NANOS = 100_000_000_000L;
  private static final int DEPTH = 4;
  private static final int ANSWERED = 25 * DEPTH;

  private static final TestBed.Setup SETUP =
      new TestBed.Setup(
          "/nowhere",
          ImageOptions.WRITABLE,
          AioConfig.mainLoop(),
          AioConfig.ioThread(),
          1,
          1,
          DEPTH,
          BLOCK,
          0);

  private static RunResult attempt(
      DeviceKind device, SilentDisk disk, long closingNanos, TestBed.Workload workload) {
    return TestBed.attempt(
            device, SETUP, new CancelGrace(() -> false), closingNanos, workload, () -> disk)
        .result();
  }

  /** Ends as soon as all that is in flight is not answered, and does not wait then. */
  private static TestBed.Workload bench(Pattern pattern, SilentDisk disk) {
    BooleanSupplier cancelled = () -> disk.heldCount() == DEPTH;
    Bench.Options options =
        new Bench.Options(
            pattern, BLOCK, BLOCK, DEPTH, 0, LONG_NANOS, 0, 1, Bench.Mix.EVEN, Bench.Jobs.ONE);
    return (target, measurement) ->
        new Bench(target, options, null, cancelled, new CancelGrace(cancelled, 0)).run(measurement);
  }

  private static void checkFigures(RunResult result, int unanswered) {
    assertThat(result.failure()).isNull();
    assertThat(result.partial()).isTrue();
    assertThat(result.requests()).isEqualTo(ANSWERED);
    assertThat(result.latencyNanos().getTotalCount()).isEqualTo(ANSWERED);
    if (unanswered == 0) {
      assertThat(result.unanswered()).isNull();
    } else {
      UnansweredRequests left = Objects.requireNonNull(result.unanswered());
      assertThat(left.requests()).isEqualTo(unanswered);
      assertThat(left.ageNanos()).isPositive();
    }
  }

  /** No request but those that were answered is counted; the others are told. */
  @ParameterizedTest
  @CsvSource({"RAW, RANDREAD", "AHCI, RANDREAD", "VIRTIO, RANDREAD", "VIRTIO, RANDWRITE"})
  void benchTellsWhatWasAnswered(DeviceKind device, Pattern pattern) throws InterruptedException {
    SilentDisk disk = SilentDisk.after(DISK_BYTES, ANSWERED);
    RunResult result = attempt(device, disk, 0, bench(pattern, disk));
    disk.answer();
    disk.awaitClosed();
    checkFigures(result, DEPTH);
  }

  /** The disk answers after the run has given up, and before it is closed. */
  @ParameterizedTest
  @EnumSource(DeviceKind.class)
  void whatIsAnsweredLateIsNeitherCountedNorTold(DeviceKind device) {
    SilentDisk disk = SilentDisk.after(DISK_BYTES, ANSWERED);
    TestBed.Workload bench = bench(Pattern.RANDREAD, disk);
    RunResult result =
        attempt(
            device,
            disk,
            LONG_NANOS,
            (target, measurement) -> {
              RunResult early = bench.apply(target, measurement);
              disk.answer();
              return early;
            });
    checkFigures(result, 0);
  }

  /** A run that writes ends with a flush; nothing else is in flight then. */
  @Test
  void benchTellsOfAFlushThatIsNotAnswered() throws InterruptedException {
    SilentDisk disk = new SilentDisk(DISK_BYTES, operation -> operation != Operation.FLUSH);
    Bench.Options options =
        new Bench.Options(
            Pattern.RANDWRITE,
            BLOCK,
            BLOCK,
            DEPTH,
            0,
            1,
            0,
            1,
            Bench.Mix.EVEN,
            Bench.Jobs.ONE); // over at once
    RunResult result =
        attempt(
            DeviceKind.RAW,
            disk,
            0,
            (target, measurement) ->
                new Bench(
                        target,
                        options,
                        null,
                        () -> false,
                        new CancelGrace(() -> disk.heldCount() == 1, 0))
                    .run(measurement));
    disk.answer();
    disk.awaitClosed();
    assertThat(Objects.requireNonNull(result.unanswered()).requests()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(DeviceKind.class)
  void iotestTellsWhatWasAnswered(DeviceKind device) throws InterruptedException {
    SilentDisk disk = SilentDisk.after(DISK_BYTES, ANSWERED);
    BooleanSupplier cancelled = () -> disk.heldCount() == DEPTH;
    Iotest.Options options = new Iotest.Options(DISK_BYTES, BLOCK, DEPTH, 0, 0);
    RunResult result =
        attempt(
            device,
            disk,
            0,
            (target, measurement) ->
                new Iotest(target, options, cancelled, new CancelGrace(cancelled, 0))
                    .run(measurement));
    disk.answer();
    disk.awaitClosed();
    checkFigures(result, DEPTH);
  }

  /** As the flush does that closes an image; the run itself is complete. */
  @ParameterizedTest
  @EnumSource(DeviceKind.class)
  void aClosingThatHangsIsToldAsOneRequest(DeviceKind device) throws InterruptedException {
    SilentDisk disk = SilentDisk.after(DISK_BYTES, ANSWERED);
    disk.holdClosing();
    // The first look may be on behalf of the result, which is there by then.
    AtomicInteger looks = new AtomicInteger();
    CancelGrace patience =
        new CancelGrace(() -> disk.isClosing() && looks.getAndIncrement() > 0, 0);
    Iotest.Options options = new Iotest.Options((long) ANSWERED * BLOCK, BLOCK, DEPTH, 0, 0);
    RunResult result =
        TestBed.attempt(
                device,
                SETUP,
                patience,
                LONG_NANOS,
                (target, measurement) -> new Iotest(target, options, () -> false).run(measurement),
                () -> disk)
            .result();
    disk.answer();
    disk.awaitClosed();
    assertThat(result.partial()).isFalse();
    assertThat(result.requests()).isEqualTo(ANSWERED);
    assertThat(Objects.requireNonNull(result.unanswered()).requests()).isEqualTo(1);
  }

  /** What a workload has left when it returned, on a disk that answers. */
  private static @Nullable UnansweredRequests left(TestBed.Workload workload) {
    List<RunResult> returned = new ArrayList<>();
    attempt(
        DeviceKind.RAW,
        SilentDisk.after(DISK_BYTES, Integer.MAX_VALUE),
        LONG_NANOS,
        (target, measurement) -> {
          returned.add(workload.apply(target, measurement));
          return returned.getFirst();
        });
    return returned.getFirst().unanswered();
  }

  /** Patience is with all requests together: a slow disk that answers one by one uses it up. */
  @Test
  void benchLeavesASlowDiskWhenPatienceIsOver() {
    Bench.Options options =
        new Bench.Options(
            Pattern.RANDREAD,
            BLOCK,
            BLOCK,
            DEPTH,
            0,
            LONG_NANOS,
            0,
            1,
            Bench.Mix.EVEN,
            Bench.Jobs.ONE);
    assertThat(
            left((target, measurement) ->
                new Bench(target, options, null, () -> true, new CancelGrace(() -> true, 0))
                    .run(measurement)))
        .isNotNull()
        .extracting(UnansweredRequests::requests)
        .isEqualTo(DEPTH);
  }

  /** Likewise, in the middle of its first batch. */
  @Test
  void iotestLeavesASlowDiskWhenPatienceIsOver() {
    Iotest.Options options = new Iotest.Options(DISK_BYTES, BLOCK, DEPTH, 0, 0);
    AtomicBoolean begun = new AtomicBoolean();
    assertThat(
            left((target, measurement) ->
                new Iotest(
                        target,
                        options,
                        () -> begun.getAndSet(true),
                        new CancelGrace(() -> true, 0))
                    .run(measurement)))
        .isNotNull()
        .extracting(UnansweredRequests::requests)
        .isEqualTo(DEPTH);
  }

  /** Its thread hangs where no request is waited for, as in a look at the image's file. */
  @ParameterizedTest
  @EnumSource(DeviceKind.class)
  void aRunThatHangsIsGivenUp(DeviceKind device) throws InterruptedException {
    SilentDisk disk = SilentDisk.after(DISK_BYTES, 0);
    CountDownLatch over = new CountDownLatch(1);
    TestBed.Workload hangs =
        (target, measurement) -> {
          Threads.awaitUninterruptibly(over);
          throw PlatterException.failed("nobody listens", null);
        };
    assertThatThrownBy(() ->
            TestBed.attempt(device, SETUP, new CancelGrace(() -> true, 0), 0, hangs, () -> disk))
        .isInstanceOf(PlatterException.class)
        .hasMessage(
            "the run on " + device + " was told to end and does not: its disk or its host hangs");
    over.countDown();
    disk.awaitClosed();
  }
}
