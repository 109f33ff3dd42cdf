package dev.platter.devices.block.raw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.IoThread;
import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.DirectAlignment;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.memory.BufferPool;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class RawTransferTest {
  private static final int SIZE = 4 << 20;
  private static final int BLOCK = 4096; // a multiple of any block size that a file asks for
  private static final List<ImageOptions> BOTH =
      List.of(ImageOptions.WRITABLE, ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK));

  @TempDir Path directory;

  private Path path = Path.of("");
  private byte[] contents = {};

  @BeforeEach
  void makeFile() throws IOException {
    path = TestDisk.randomFile(directory, SIZE);
    contents = Files.readAllBytes(path);
  }

  private byte[] range(long from, long length) {
    return Arrays.copyOfRange(contents, (int) from, (int) (from + length));
  }

  private static MemorySegment[] split(MemorySegment memory, int size, int stride) {
    int count = (int) (memory.byteSize() / stride);
    return IntStream.range(0, count)
        .mapToObj(i -> memory.asSlice((long) i * stride, size))
        .toArray(MemorySegment[]::new);
  }

  private static byte[] joined(MemorySegment[] parts) {
    byte[] all = new byte[Arrays.stream(parts).mapToInt(part -> (int) part.byteSize()).sum()];
    int at = 0;
    for (MemorySegment part : parts) {
      System.arraycopy(TestDisk.bytes(part), 0, all, at, (int) part.byteSize());
      at += (int) part.byteSize();
    }
    return all;
  }

  private static void randomize(MemorySegment memory, int seed) {
    byte[] bytes = new byte[(int) memory.byteSize()];
    new Random(seed).nextBytes(bytes);
    memory.copyFrom(MemorySegment.ofArray(bytes));
  }

  @Test
  void readsAndWritesFromAlignedAndUnalignedMemory() throws Exception {
    for (ImageOptions options : BOTH) {
      try (TestDisk disk = new TestDisk(path, options)) {
        for (int misalignment : new int[] {0, 4, 512, 1, 4095}) {
          MemorySegment memory = disk.memory(5 * BLOCK, misalignment);
          assertThat(disk.read(3 * BLOCK, memory)).isZero();
          assertThat(TestDisk.bytes(memory)).isEqualTo(range(3 * BLOCK, 5 * BLOCK));

          randomize(memory, misalignment);
          assertThat(disk.write(3 * BLOCK, false, memory)).isZero();
          System.arraycopy(TestDisk.bytes(memory), 0, contents, 3 * BLOCK, 5 * BLOCK);
          assertThat(disk.file()).isEqualTo(contents);
        }
      }
    }
  }

  @Test
  void scattersAndGathersWithElementsOfAnyLength() throws Exception {
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE)) {
      // 513 bytes each: bounced, and a block spans several elements.
      MemorySegment[] odd = split(disk.memory(512 * 520, 3), 513, 520);
      assertThat(odd).hasSize(512);
      assertThat(disk.read(BLOCK, odd)).as("512 * 513 bytes are whole blocks").isZero();
      assertThat(joined(odd)).isEqualTo(range(BLOCK, 512 * 513));

      MemorySegment[] fromThere = split(disk.memory(512 * 520, 1), 513, 520);
      for (int i = 0; i < fromThere.length; i++) {
        randomize(fromThere[i], i);
      }
      assertThat(disk.write(2 * BLOCK, false, fromThere)).isZero();
      System.arraycopy(joined(fromThere), 0, contents, 2 * BLOCK, 512 * 513);
      assertThat(disk.file()).isEqualTo(contents);
    }
  }

  /** More elements than one readv(2) takes (IOV_MAX, 1024). */
  @Test
  void goesOnAfter1024Elements() throws Exception {
    for (ImageOptions options : BOTH) {
      try (TestDisk disk = new TestDisk(path, options)) {
        int block = disk.image.blockSizeBytes();
        int count = Math.min(2500, SIZE / block);
        MemorySegment memory = disk.memory(count * 2 * block, 0);
        MemorySegment[] parts = split(memory, block, 2 * block); // gaps: nothing can be merged
        assertThat(disk.read(0, parts)).isZero();
        assertThat(joined(parts)).isEqualTo(range(0, (long) count * block));

        randomize(memory, 5);
        assertThat(disk.write(0, false, parts)).isZero();
        System.arraycopy(joined(parts), 0, contents, 0, count * block);
        assertThat(disk.file()).isEqualTo(contents);
      }
    }
  }

  /**
   * Shipped elsewhere as a bug: a request re-queued after a short read but never submitted. Pieces
   * stand for short transfers: each ends before the request does.
   */
  @Test
  void shortTransfersAreResumed() throws Exception {
    for (ImageOptions options : BOTH) {
      for (int misalignment : new int[] {0, 1}) {
        try (TestDisk disk = new TestDisk(path, options)) {
          disk.image.maxPieceBytes = BLOCK;
          MemorySegment one = disk.memory(7 * BLOCK, misalignment);
          MemorySegment two = disk.memory(2 * BLOCK, misalignment);
          MemorySegment three = disk.memory(BLOCK, misalignment);
          assertThat(disk.read(BLOCK, one, two, three)).isZero();
          assertThat(joined(new MemorySegment[] {one, two, three}))
              .isEqualTo(range(BLOCK, 10 * BLOCK));

          randomize(one, 1);
          randomize(two, 2);
          randomize(three, 3);
          assertThat(disk.write(BLOCK, true, one, two, three)).isZero();
          System.arraycopy(
              joined(new MemorySegment[] {one, two, three}), 0, contents, BLOCK, 10 * BLOCK);
          assertThat(disk.file()).isEqualTo(contents);
        }
      }
    }
  }

  @Test
  void aBouncedRequestMayBeLargerThanAChunk() throws Exception {
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE)) {
      MemorySegment memory = disk.memory(3 * BufferPool.CHUNK_BYTES + BLOCK, 1);
      assertThat(disk.read(0, memory)).isZero();
      assertThat(TestDisk.bytes(memory)).isEqualTo(range(0, memory.byteSize()));
      randomize(memory, 9);
      assertThat(disk.write(0, false, memory)).isZero();
      System.arraycopy(TestDisk.bytes(memory), 0, contents, 0, (int) memory.byteSize());
      assertThat(disk.file()).isEqualTo(contents);
    }
  }

  @Test
  void aReadBeyondTheEndOfAFileCutShortIsAnErrorAndNotAHang() throws Exception {
    for (ImageOptions options : BOTH) {
      makeFile();
      try (TestDisk disk = new TestDisk(path, options)) {
        disk.truncate(SIZE / 2 + 100);
        assertThat(disk.read(SIZE / 2 + BLOCK, disk.memory(BLOCK, 0))).isEqualTo(-Errno.EIO);
        assertThat(disk.read(SIZE / 2 - BLOCK, disk.memory(4 * BLOCK, 0)))
            .as("across the end")
            .isEqualTo(-Errno.EIO);
        assertThat(disk.read(SIZE / 2 - BLOCK, disk.memory(4 * BLOCK, 1)))
            .as("across the end, bounced")
            .isEqualTo(-Errno.EIO);
        assertThat(disk.read(SIZE / 2 - BLOCK, disk.memory(BLOCK, 0))).isZero();
      }
    }
  }

  @Test
  void whatDoesNotFitTheDiskIsRefused() throws Exception {
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE)) {
      int block = disk.image.blockSizeBytes();
      MemorySegment memory = disk.memory(2 * block, 0);
      for (long offset :
          new long[] {-block, SIZE, SIZE - block, Long.MAX_VALUE - block + 1, Long.MIN_VALUE, 1}) {
        assertThat(disk.read(offset, memory)).as("at %d", offset).isEqualTo(-Errno.EINVAL);
        assertThat(disk.write(offset, false, memory)).isEqualTo(-Errno.EINVAL);
        assertThat(disk.discard(offset, 2L * block)).isEqualTo(-Errno.EINVAL);
        assertThat(disk.writeZeroes(offset, 2L * block, true)).isEqualTo(-Errno.EINVAL);
      }
      assertThat(disk.read(0)).as("nothing to read").isEqualTo(-Errno.EINVAL);
      assertThat(disk.read(0, memory.asSlice(0, block + 1))).isEqualTo(-Errno.EINVAL);
      for (long length : new long[] {0, -block, Long.MAX_VALUE, Long.MAX_VALUE - block + 1, 100}) {
        assertThat(disk.discard(block, length)).as("%d bytes", length).isEqualTo(-Errno.EINVAL);
        assertThat(disk.writeZeroes(block, length, false)).isEqualTo(-Errno.EINVAL);
      }
      assertThat(disk.file()).isEqualTo(contents);
    }
  }

  @Test
  void aReadOnlyDiskIsOnlyRead() throws Exception {
    try (TestDisk disk = new TestDisk(path, ImageOptions.READ_ONLY)) {
      MemorySegment memory = disk.memory(BLOCK, 0);
      assertThat(disk.read(0, memory)).isZero();
      assertThat(disk.write(0, false, memory)).isEqualTo(-Errno.EROFS);
      assertThat(disk.discard(0, BLOCK)).isEqualTo(-Errno.EROFS);
      assertThat(disk.writeZeroes(0, BLOCK, true)).isEqualTo(-Errno.EROFS);
      assertThat(disk.flush()).isZero();
    }
    assertThat(Files.readAllBytes(path)).isEqualTo(contents);
  }

  @Test
  void flushAndForceUnitAccess() throws Exception {
    for (ImageOptions options : BOTH) {
      try (TestDisk disk = new TestDisk(path, options)) {
        MemorySegment memory = disk.memory(BLOCK, 0);
        randomize(memory, 4);
        assertThat(disk.write(BLOCK, true, memory)).isZero();
        assertThat(disk.write(2 * BLOCK, true, memory, disk.memory(BLOCK, 0))).isZero();
        assertThat(disk.flush()).isZero();
        assertThat(Arrays.copyOfRange(disk.file(), BLOCK, 2 * BLOCK))
            .isEqualTo(TestDisk.bytes(memory));
      }
    }
  }

  @Test
  void discardGivesSpaceBackAndReadsAsZeroes() throws Exception {
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE)) {
      long before = disk.image.facts().allocatedBytes();
      assertThat(disk.discard(1 << 20, 1 << 20)).isZero();
      assumeTrue(
          disk.image.hostFigures().discardsRefused() == 0,
          "needs a file system that can punch holes");
      assertThat(disk.image.facts().allocatedBytes()).isLessThan(before);
      Arrays.fill(contents, 1 << 20, 2 << 20, (byte) 0);
      assertThat(disk.file()).isEqualTo(contents);
    }
  }

  @Test
  void discardIsAdviceWhereItIsTurnedOff() throws Exception {
    ImageOptions options = new ImageOptions(false, CacheMode.NONE, false);
    try (TestDisk disk = new TestDisk(path, options)) {
      long before = disk.image.facts().allocatedBytes();
      assertThat(disk.discard(0, 1 << 20)).isZero();
      assertThat(disk.file()).isEqualTo(contents);
      assertThat(disk.writeZeroes(0, 1 << 20, true)).isZero();
      Arrays.fill(contents, 0, 1 << 20, (byte) 0);
      assertThat(disk.file()).isEqualTo(contents);
      assertThat(disk.image.facts().allocatedBytes())
          .as("may-unmap is a permission, and the option says no")
          .isGreaterThanOrEqualTo(before);
    }
  }

  @Test
  void writeZeroesByAllocationAndByWriting() throws Exception {
    for (boolean mayUnmap : new boolean[] {false, true}) {
      for (boolean byWriting : new boolean[] {false, true}) {
        makeFile();
        try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE)) {
          if (byWriting) {
            disk.image.deallocation().punchRefused(-Errno.EOPNOTSUPP);
            disk.image.deallocation().zeroRangeRefused(-Errno.EOPNOTSUPP);
          }
          long before = disk.image.facts().allocatedBytes();
          int length = byWriting ? ZeroPages.MAX_BYTES + ZeroPages.wholeBytes() + BLOCK : BLOCK;
          assertThat(disk.writeZeroes(BLOCK, length, mayUnmap)).isZero();
          Arrays.fill(contents, BLOCK, BLOCK + length, (byte) 0);
          assertThat(disk.file()).isEqualTo(contents);
          if (!mayUnmap || byWriting) {
            assertThat(disk.image.facts().allocatedBytes()).isGreaterThanOrEqualTo(before);
          }
        }
      }
    }
  }

  @Test
  void noRequestEverChangesTheImagesSize() throws Exception {
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE)) {
      MemorySegment memory = disk.memory(BLOCK, 0);
      long last = SIZE - BLOCK;
      assertThat(disk.write(last, false, memory)).isZero();
      assertThat(disk.discard(last, BLOCK)).isZero();
      assertThat(disk.writeZeroes(last, BLOCK, false)).isZero();
      assertThat(disk.writeZeroes(last, BLOCK, true)).isZero();
      assertThat(disk.write(SIZE, false, memory)).isEqualTo(-Errno.EINVAL);
      assertThat(Files.size(path)).isEqualTo(SIZE);
    }
  }

  @Test
  void aSlotMayBeSubmittedAgainFromItsCompletion() throws Exception {
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE);
        TestDisk.Slot slot = new TestDisk.Slot()) {
      MemorySegment memory = disk.memory(BLOCK, 0);
      TestDisk.fill(slot, memory);
      int[] left = {10};
      slot.then =
          () -> {
            assertThat(slot.result).isZero();
            if (left[0]-- > 0) {
              slot.prepareRead((long) left[0] * BLOCK);
              slot.result = Integer.MIN_VALUE;
              disk.image.submit(slot);
            }
          };
      slot.prepareRead(0);
      disk.image.submit(slot);
      while (left[0] >= 0) {
        disk.context.turn(true);
      }
      assertThat(TestDisk.bytes(memory)).isEqualTo(range(0, BLOCK));
    }
  }

  @Test
  void aSubmissionFromAThreadWithoutALoopLeavesTheSlotFree() throws Exception {
    try (RawImage image = RawImage.open(path.toString(), ImageOptions.WRITABLE)) {
      TestDisk.Slot slot = new TestDisk.Slot();
      slot.prepareFlush();
      assertThatThrownBy(() -> image.submit(slot))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("cannot start I/O");
      assertThat(slot.inFlight()).isFalse();
      slot.close();
    }
  }

  @Test
  void aSlotInFlightCannotBeTouched() throws Exception {
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE)) {
      TestDisk.Slot slot = new TestDisk.Slot();
      slot.prepareFlush();
      disk.image.submit(slot);
      assertThat(slot.inFlight()).isTrue();
      assertThatThrownBy(slot::prepareFlush).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> disk.image.submit(slot)).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(slot::close).isInstanceOf(IllegalStateException.class);
      disk.await(slot);
      assertThat(slot.result).isZero();
      slot.close();
      slot.close();
    }
  }

  @Test
  void severalLoopsShareAnImage() throws Exception {
    try (RawImage image = RawImage.open(path.toString(), ImageOptions.WRITABLE);
        Arena arena = Arena.ofShared();
        IoThread first = new IoThread("io0", AioConfig.ioThread());
        IoThread second = new IoThread("io1", AioConfig.ioThread())) {
      for (IoThread ioThread : List.of(first, second)) {
        MemorySegment memory = arena.allocate(BLOCK, BLOCK);
        CountDownLatch done = new CountDownLatch(1);
        TestDisk.Slot slot = new TestDisk.Slot();
        TestDisk.fill(slot, memory);
        slot.then = done::countDown;
        ioThread
            .context()
            .invoke(() -> {
              slot.prepareRead(BLOCK);
              image.submit(slot);
            });
        done.await();
        assertThat(slot.result).isZero();
        assertThat(TestDisk.bytes(memory)).isEqualTo(range(BLOCK, BLOCK));
        slot.close();
      }
    }
  }

  /** Random requests of all kinds, several at a time on disjoint ranges, against plain bytes. */
  @Test
  void agreesWithAByteArrayThroughRandomRequests() throws Exception {
    for (ImageOptions options : BOTH) {
      makeFile();
      try (TestDisk disk = new TestDisk(path, options)) {
        randomRequests(disk, new Random(11));
        assertThat(disk.file()).isEqualTo(contents);
      }
    }
  }

  /** A disk whose blocks are 4096 bytes and whose sectors are 512: lanes meet inside of blocks. */
  @Test
  void agreesWithAByteArrayAlsoWhereSectorsArePartsOfBlocks() throws Exception {
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE)) {
      disk.image.alignment = new DirectAlignment(4, 4096);
      assertThat(disk.image.blockSizeBytes()).isEqualTo(512);
      assertThat(disk.image.physicalBlockSizeBytes()).isEqualTo(4096);
      randomRequests(disk, new Random(12));
      assertThat(disk.file()).isEqualTo(contents);
    }
  }

  private void randomRequests(TestDisk disk, Random random) {
    int unit = disk.image.blockSizeBytes();
    int lanes = 4;
    int laneBytes = SIZE / lanes - 3 * unit;
    MemorySegment[] memories = new MemorySegment[lanes];
    TestDisk.Slot[] slots = new TestDisk.Slot[lanes];
    for (int lane = 0; lane < lanes; lane++) {
      memories[lane] = disk.memory(2 * laneBytes, 0);
      slots[lane] = new TestDisk.Slot();
    }
    for (int round = 0; round < 400; round++) {
      disk.image.maxPieceBytes = random.nextInt(4) == 0 ? 4 * 4096 : 1 << 30;
      Runnable[] checks = new Runnable[lanes];
      for (int lane = 0; lane < lanes; lane++) {
        checks[lane] =
            randomRequest(
                disk, random, slots[lane], memories[lane], unit, lane * laneBytes, laneBytes);
      }
      for (int lane = 0; lane < lanes; lane++) {
        disk.await(slots[lane]);
        assertThat(slots[lane].result).isZero();
        checks[lane].run();
      }
    }
    for (TestDisk.Slot slot : slots) {
      slot.close();
    }
  }

  private Runnable randomRequest(
      TestDisk disk,
      Random random,
      TestDisk.Slot slot,
      MemorySegment memory,
      int unit,
      int start,
      int bytes) {
    int length = (1 + random.nextInt(random.nextBoolean() ? 8 : bytes / unit / 2)) * unit;
    int offset = start + random.nextInt((bytes - length) / unit + 1) * unit;
    int operation = random.nextInt(5);
    slot.result = Integer.MIN_VALUE;
    Runnable check = () -> {};
    if (operation < 3) {
      MemorySegment[] parts = randomParts(random, memory, length, unit);
      TestDisk.fill(slot, parts);
      if (operation == 0) {
        slot.prepareRead(offset);
        check = () -> assertThat(joined(parts)).isEqualTo(range(offset, length));
      } else {
        for (MemorySegment part : parts) {
          randomize(part, random.nextInt());
        }
        System.arraycopy(joined(parts), 0, contents, offset, length);
        slot.prepareWrite(offset, random.nextInt(8) == 0);
      }
    } else {
      Arrays.fill(contents, offset, offset + length, (byte) 0);
      slot.prepareWriteZeroes(offset, length, operation == 3);
    }
    disk.image.submit(slot);
    return check;
  }

  /** Cuts {@code length} bytes into pieces, block-wise or at random, aligned or not. */
  private static MemorySegment[] randomParts(
      Random random, MemorySegment memory, int length, int unit) {
    boolean blocks = random.nextBoolean();
    int at = random.nextInt(3) == 0 ? random.nextInt(4096) : 0;
    List<MemorySegment> parts = new ArrayList<>();
    int left = length;
    while (left > 0) {
      int part = 1 + random.nextInt(blocks ? Math.max(1, left / unit) : left);
      part = Math.min(left, blocks ? part * unit : part);
      parts.add(memory.asSlice(at, part));
      left -= part;
      at +=
          part + (random.nextBoolean() && at + part + unit + left <= memory.byteSize() ? unit : 0);
    }
    return parts.toArray(new MemorySegment[0]);
  }
}
