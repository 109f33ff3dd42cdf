package dev.platter.devices.block.raw;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.IoThread;
import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.meter.BlockError;
import dev.platter.devices.block.meter.BlockLatencies;
import dev.platter.devices.block.meter.BlockUsage;
import dev.platter.devices.block.meter.Operation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class BlockMeterTest {
  private static final int SIZE = 1 << 20;
  private static final int BLOCK = 4096;

  @TempDir Path directory;
  private Path path = Path.of("");

  @BeforeEach
  void makeFile() throws IOException {
    path = TestDisk.randomFile(directory, SIZE);
  }

  private static Map<BlockError, Long> only(BlockError kind, long count) {
    return Arrays.stream(BlockError.values())
        .collect(toMap(Function.identity(), each -> each == kind ? count : 0L));
  }

  @Test
  void anImageThatNobodyUsedHasCountedNothing() {
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE)) {
      assertThat(disk.image.meter().usage()).isEqualTo(BlockUsage.NONE);
      assertThat(BlockUsage.NONE.operations()).containsOnlyKeys(Operation.values());
    }
  }

  @Test
  void eachOperationCountsItsOwnRequestsAndBytes() {
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE)) {
      disk.read(0, disk.memory(2 * BLOCK, 0));
      disk.read(0, disk.memory(BLOCK, 1)); // through a bounce buffer
      disk.write(BLOCK, true, disk.memory(BLOCK, 0), disk.memory(BLOCK, 0), disk.memory(BLOCK, 0));
      disk.flush();
      disk.flush();
      disk.discard(0, 8 * BLOCK);
      disk.writeZeroes(0, 16 * BLOCK, false);

      BlockUsage usage = disk.image.meter().usage();
      assertThat(usage.inFlight()).isZero();
      assertThat(usage.of(Operation.READ).requests()).isEqualTo(2);
      assertThat(usage.of(Operation.READ).bytes()).isEqualTo(3 * BLOCK);
      assertThat(usage.of(Operation.WRITE).requests()).isEqualTo(1);
      assertThat(usage.of(Operation.WRITE).bytes()).isEqualTo(3 * BLOCK);
      assertThat(usage.of(Operation.FLUSH).requests()).isEqualTo(2);
      assertThat(usage.of(Operation.FLUSH).bytes()).isZero();
      assertThat(usage.of(Operation.DISCARD).bytes()).isEqualTo(8 * BLOCK);
      assertThat(usage.of(Operation.WRITE_ZEROES).bytes()).isEqualTo(16 * BLOCK);
      assertThat(usage.operations().values())
          .allMatch(each -> each.requests() > 0 && each.failed() == 0);
    }
  }

  @Test
  void aTransferInPiecesCountsOnce() {
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE)) {
      disk.image.maxPieceBytes = BLOCK;
      disk.read(0, disk.memory(8 * BLOCK, 0));
      disk.read(0, disk.memory(8 * BLOCK, 1));
      assertThat(disk.image.meter().usage().of(Operation.READ).requests()).isEqualTo(2);
      assertThat(disk.image.meter().usage().of(Operation.READ).bytes()).isEqualTo(16 * BLOCK);
    }
  }

  @Test
  void aDiscardThatIsIgnoredCounts() {
    ImageOptions options = new ImageOptions(false, CacheMode.NONE, false);
    try (TestDisk disk = new TestDisk(path, options)) {
      assertThat(disk.discard(0, BLOCK)).isZero();
      assertThat(disk.image.meter().usage().of(Operation.DISCARD).requests()).isEqualTo(1);
    }
  }

  @Test
  void whatFailsCountsAsARequestAndByKindAndMovesNoBytes() throws Exception {
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE)) {
      assertThat(disk.read(SIZE, disk.memory(BLOCK, 0))).isEqualTo(-Errno.EINVAL);
      assertThat(disk.read(1, disk.memory(BLOCK, 0))).isEqualTo(-Errno.EINVAL);
      assertThat(disk.image.meter().usage().of(Operation.READ))
          .isEqualTo(new BlockUsage.OperationUsage(2, 0, only(BlockError.INVALID, 2)));

      disk.truncate(SIZE / 2);
      assertThat(disk.read(SIZE - BLOCK, disk.memory(BLOCK, 0))).isEqualTo(-Errno.EIO);
      BlockUsage.OperationUsage reads = disk.image.meter().usage().of(Operation.READ);
      assertThat(reads.errors()).containsEntry(BlockError.IO, 1L);
      assertThat(reads.requests()).isEqualTo(3);
      assertThat(reads.bytes()).isZero();
      assertThat(reads.failed()).isEqualTo(3);
      assertThat(disk.image.meter().usage().inFlight()).isZero();
    }
    try (TestDisk disk = new TestDisk(path, ImageOptions.READ_ONLY)) {
      assertThat(disk.write(0, false, disk.memory(BLOCK, 0))).isEqualTo(-Errno.EROFS);
      assertThat(disk.image.meter().usage().of(Operation.WRITE))
          .isEqualTo(new BlockUsage.OperationUsage(1, 0, only(BlockError.READ_ONLY, 1)));
    }
  }

  @Test
  void aRequestIsInFlightFromSubmissionToCompletion() {
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE);
        TestDisk.Slot slot = new TestDisk.Slot()) {
      long[] seenWithin = {-1};
      slot.then = () -> seenWithin[0] = disk.image.meter().usage().inFlight();
      TestDisk.fill(slot, disk.memory(BLOCK, 0));
      slot.prepareRead(0);
      disk.image.submit(slot);
      assertThat(disk.image.meter().usage().inFlight()).isEqualTo(1);
      assertThat(disk.image.meter().usage().of(Operation.READ).requests()).isZero();
      disk.await(slot);
      assertThat(seenWithin[0]).as("when the device hears of it").isZero();
      assertThat(disk.image.meter().usage().inFlight()).isZero();
    }
  }

  @Test
  void eachLoopCountsItsOwnAndTheSumIsExact() {
    int perLoop = 500;
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE);
        IoThread one = new IoThread("one", AioConfig.ioThread());
        IoThread two = new IoThread("two", AioConfig.ioThread());
        Arena memory = Arena.ofShared()) {
      CountDownLatch done = new CountDownLatch(2);
      for (IoThread thread : new IoThread[] {one, two}) {
        MemorySegment buffer = memory.allocate(BLOCK, BLOCK);
        thread.context().invoke(() -> readOverAndOver(disk, buffer, perLoop, done));
      }
      one.context().waitFor(done);
      BlockUsage usage = disk.image.meter().usage();
      assertThat(usage.of(Operation.READ).requests()).isEqualTo(2L * perLoop);
      assertThat(usage.of(Operation.READ).bytes()).isEqualTo(2L * perLoop * BLOCK);
      assertThat(usage.inFlight()).isZero();
    }
  }

  private static void readOverAndOver(
      TestDisk disk, MemorySegment buffer, int times, CountDownLatch done) {
    TestDisk.Slot slot = new TestDisk.Slot();
    TestDisk.fill(slot, buffer);
    int[] left = {times};
    slot.then =
        () -> {
          left[0]--;
          slot.result = Integer.MIN_VALUE;
          if (left[0] == 0) {
            slot.close();
            done.countDown();
          } else {
            slot.prepareRead(0);
            disk.image.submit(slot);
          }
        };
    slot.prepareRead(0);
    disk.image.submit(slot);
  }

  @Test
  void latenciesAndDepthsAreMeasuredIfAskedFor() {
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE)) {
      disk.read(0, disk.memory(BLOCK, 0));
      assertThat(disk.image.meter().measuresLatencies()).isFalse();
      assertThat(disk.image.meter().latencies().of(Operation.READ).total()).isZero();
    }
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE)) {
      disk.image.meter().measureLatencies();
      disk.read(0, disk.memory(BLOCK, 0));
      disk.read(SIZE, disk.memory(BLOCK, 0));
      disk.flush();
      BlockLatencies latencies = disk.image.meter().latencies();
      assertThat(latencies.of(Operation.READ).total()).isEqualTo(2);
      assertThat(latencies.of(Operation.READ).sum()).isPositive();
      assertThat(latencies.of(Operation.FLUSH).total()).isEqualTo(1);
      assertThat(latencies.of(Operation.WRITE).total()).isZero();
      assertThat(latencies.depth().total()).isEqualTo(3);
      assertThat(latencies.depth().count(0)).as("one at a time").isEqualTo(3);
    }
  }
}
