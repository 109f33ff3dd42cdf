package dev.platter.emulator.measure.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.Ablation;
import dev.platter.aio.loop.AioConfig;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.meter.Operation;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whole runs on every device: guest driver, device, ring and file. Through the page cache, so that
 * they run on any file system; bytes and counters are what is looked at, not times.
 */
@Timeout(120)
@Tag("slow")
class TestBedTest {
  private static final long IMAGE_BYTES = 8 << 20;
  private static final Set<String> DATA_PATH = Set.of("vcpu0", "main-loop", "iothread0", "raw");

  @TempDir private Path directory;
  private Path image;

  @BeforeEach
  void makeImage() throws IOException {
    image = directory.resolve("disk.img");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(IMAGE_BYTES);
    }
  }

  private TestBed.Setup setup(int depth, int bufferBytes, boolean writable, int queues) {
    return new TestBed.Setup(
        image.toString(),
        (writable ? ImageOptions.WRITABLE : ImageOptions.READ_ONLY).withCache(CacheMode.WRITEBACK),
        AioConfig.mainLoop(),
        AioConfig.ioThread(),
        Math.min(2, queues),
        queues,
        depth,
        bufferBytes,
        0);
  }

  private static Bench.Options options(
      Bench.Pattern pattern, int min, int max, int depth, long millis) {
    return new Bench.Options(
        pattern, min, max, depth, 0, millis * 1_000_000, 20, 1, Bench.Mix.EVEN, Bench.Jobs.ONE);
  }

  @ParameterizedTest
  @EnumSource(DeviceKind.class)
  void mixedRandomWritesAllArrive(DeviceKind device) throws IOException {
    long bytes = 8 * IMAGE_BYTES; // room for 16 writes of up to 1 MiB that do not overlap
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(bytes);
    }
    WriteLedger ledger = new WriteLedger(bytes, null);
    MeasuredRun measured =
        TestBed.run(
            device,
            setup(32, 1 << 20, true, 1),
            (target, measurement) ->
                new Bench(
                        target,
                        options(Bench.Pattern.RANDWRITE, 512, 1 << 20, 16, 400),
                        ledger,
                        () -> false)
                    .run(measurement));
    Verification found =
        ImageVerifier.verify(
            image, ledger.run(), ledger.completed(), Verification.Rule.EXACT, () -> false);
    assertThat(measured.result().requests()).isPositive();
    assertThat(found.sectors()).isPositive();
    assertThat(found.firstWrong()).isEmpty();
    assertThat(image).hasSize(bytes);
  }

  /** A first touch of a page costs microseconds, which are none of the disk's. */
  @ParameterizedTest
  @EnumSource(DeviceKind.class)
  void buffersAreTouchedBeforeTheFirstRequest(DeviceKind device) {
    AtomicInteger untouched = new AtomicInteger();
    TestBed.run(
        device,
        setup(8, 65536, false, 1),
        (target, measurement) -> {
          for (int tag = 0; tag < target.queueDepth(); tag++) {
            untouched.addAndGet(untouchedPages(target.buffer(tag)));
          }
          return new Bench(
                  target,
                  options(Bench.Pattern.RANDREAD, 4096, 65536, 8, 1),
                  new WriteLedger(IMAGE_BYTES, null),
                  () -> false)
              .run(measurement);
        });
    assertThat(untouched).hasValue(0);
  }

  private static int untouchedPages(MemorySegment buffer) {
    int untouched = 0;
    try (RandomAccessFile pages = new RandomAccessFile("/proc/self/pagemap", "r")) {
      for (long at = 0; at < buffer.byteSize(); at += 4096) {
        pages.seek((buffer.address() + at) / 4096 * Long.BYTES);
        boolean present = Long.reverseBytes(pages.readLong()) < 0; // bit 63
        untouched += present ? 0 : 1;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return untouched;
  }

  @ParameterizedTest
  @EnumSource(DeviceKind.class)
  void writtenBlocksReadBackThroughEveryDevice(DeviceKind device) {
    WriteLedger ledger = new WriteLedger(IMAGE_BYTES, null);
    do { // on a busy host, several times: until each sector is written
      TestBed.run(
          DeviceKind.RAW,
          setup(8, 65536, true, 1),
          (target, measurement) ->
              new Bench(
                      target,
                      options(Bench.Pattern.WRITE, 65536, 65536, 8, 200),
                      ledger,
                      () -> false)
                  .run(measurement));
    } while (IntStream.of(ledger.completed()).anyMatch(generation -> generation == 0));
    MeasuredRun read =
        TestBed.run(
            device,
            setup(8, 65536, false, 4),
            (target, measurement) ->
                new Bench(
                        target,
                        options(Bench.Pattern.RANDREAD, 4096, 65536, 8, 200),
                        ledger,
                        () -> false)
                    .run(measurement));
    assertThat(read.result().requests()).isPositive();
    Verification found = Objects.requireNonNull(read.result().verification());
    assertThat(found.firstWrong()).isEmpty();
    assertThat(found.sectors()).isGreaterThanOrEqualTo(8 * read.result().requests());
  }

  @ParameterizedTest
  @EnumSource(DeviceKind.class)
  void aWrongSectorIsFoundByReading(DeviceKind device) {
    WriteLedger ledger = new WriteLedger(IMAGE_BYTES, null);
    ledger.prefilled(3); // it is not: the image is all zeroes
    MeasuredRun measured =
        TestBed.run(
            device,
            setup(8, 4096, false, 1),
            (target, measurement) ->
                new Bench(
                        target,
                        options(Bench.Pattern.RANDREAD, 4096, 4096, 8, 60_000),
                        ledger,
                        () -> false)
                    .run(measurement));
    // It ends at once, not after its minute.
    assertThat(measured.result().partial()).isTrue();
    Verification found = Objects.requireNonNull(measured.result().verification());
    assertThat(found.wrong(SectorFault.LOST)).isPositive().isEqualTo(found.sectors());
  }

  /** What a run of reads has measured, and how many bytes the data path's threads allocated. */
  private record Allocating(MeasuredRun measured, long bytesPerRequest) {}

  private Allocating allocating(DeviceKind device, long warmUpNanos) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long[] allocated = new long[2];
    MeasuredRun measured =
        TestBed.run(
            device,
            setup(4, 4096, false, 1),
            (target, measurement) ->
                new Bench(
                        target,
                        new Bench.Options(
                            Bench.Pattern.RANDREAD,
                            4096,
                            4096,
                            4,
                            warmUpNanos,
                            500_000_000L,
                            0,
                            1,
                            Bench.Mix.EVEN,
                            Bench.Jobs.ONE),
                        null,
                        () -> false)
                    .run(
                        new MeasurementListener() {
                          @Override
                          public void begin() {
                            measurement.begin();
                            allocated[0] = allocatedOnDataPath(threads);
                          }

                          @Override
                          public void end() {
                            allocated[1] = allocatedOnDataPath(threads);
                            measurement.end();
                          }
                        }));
    // Reading the counters allocates a little itself: per run, not per request.
    return new Allocating(measured, (allocated[1] - allocated[0]) / measured.result().requests());
  }

  @ParameterizedTest
  @EnumSource(DeviceKind.class)
  void noRequestAllocatesAndNoTurnEntersTwice(DeviceKind device) {
    long warmUpNanos = 1_000_000_000L;
    Allocating found;
    do { // what code allocates that is not compiled yet is gone later, however busy the host is
      warmUpNanos *= 2;
      found = allocating(device, warmUpNanos);
    } while (found.bytesPerRequest() > 0 && warmUpNanos < 30_000_000_000L);
    assertThat(found.bytesPerRequest()).isZero();
    MeasuredRun measured = found.measured();
    assertThat(measured.result().requests()).isGreaterThan(1000);
    // The counters are read one after the other, while the loop is in the middle of a turn.
    assertThat(measured.loop().enters()).isLessThanOrEqualTo(measured.loop().turns() + 1);
    assertThat(measured.loop().enters()).isLessThan(4 * measured.loop().blockSqes());
  }

  private static long allocatedOnDataPath(ThreadMXBean threads) {
    long sum = 0;
    for (ThreadInfo info : threads.getThreadInfo(threads.getAllThreadIds())) {
      if (info != null && DATA_PATH.contains(info.getThreadName())) {
        sum += threads.getThreadAllocatedBytes(info.getThreadId());
      }
    }
    return sum;
  }

  @Test
  void theLostWakeUpWaitsForTheTimerAndNotifyDoesNot() {
    Iotest.Options options = new Iotest.Options(256 << 10, 16 << 10, 8, 0, 0);
    MeasuredRun on = iotest(options, true);
    MeasuredRun off = iotest(options, false);
    // Two batches, each submitted only when the 499 ms timer has woken the main loop.
    assertThat(off.result().elapsedNanos()).isGreaterThan(500_000_000L);
    assertThat(off.loop().notifiesSent()).isZero();
    assertThat(on.loop().notifiesSent()).isPositive();
    assertThat(off.result().elapsedNanos()).isGreaterThan(10 * on.result().elapsedNanos());
    assertThat(off.result().requests()).isEqualTo(on.result().requests()).isEqualTo(16);
  }

  private MeasuredRun iotest(Iotest.Options options, boolean notify) {
    TestBed.Setup setup = setup(8, 16 << 10, false, 1);
    return TestBed.run(
        DeviceKind.AHCI,
        setup.withMainLoop(setup.mainLoop().without(notify ? Set.of() : Set.of(Ablation.NOTIFY))),
        (target, measurement) -> new Iotest(target, options, () -> false).run(measurement));
  }

  @ParameterizedTest
  @EnumSource(DeviceKind.class)
  void aCancelledRunDrainsAndSaysSo(DeviceKind device) {
    Iotest.Options options = new Iotest.Options(1 << 20, 4096, 16, 0, 0);
    MeasuredRun measured =
        TestBed.run(
            device,
            setup(16, 4096, false, 1),
            (target, measurement) -> {
              FailingDisk disk = new FailingDisk(target, Operation.WRITE, 1); // there is none
              return new Iotest(disk, options, () -> disk.submitted() > 2 * 16).run(measurement);
            });
    assertThat(measured.result().partial()).isTrue();
    assertThat(measured.result().requests()).isEqualTo(3 * 16);
  }

  @ParameterizedTest
  @EnumSource(
      value = DeviceKind.class,
      names = {"AHCI", "VIRTIO"})
  void anImageCutShortFailsTheRequestNotTheProcess(DeviceKind device) throws IOException {
    Path cut = image;
    assertThatThrownBy(() ->
            TestBed.run(
                device,
                setup(4, 4096, false, 1),
                (target, measurement) -> {
                  try (RandomAccessFile file = new RandomAccessFile(cut.toFile(), "rw")) {
                    file.setLength(4096);
                  } catch (IOException e) {
                    throw new IllegalStateException(e);
                  }
                  return new Bench(
                          target,
                          options(Bench.Pattern.READ, 4096, 4096, 4, 2000),
                          null,
                          () -> false)
                      .run(measurement);
                }))
        .isInstanceOf(PlatterException.class)
        .hasMessageContaining("failed with device status");
    assertThat(Files.size(image)).isEqualTo(4096);
  }
}
