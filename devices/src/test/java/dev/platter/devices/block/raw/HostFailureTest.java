package dev.platter.devices.block.raw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import dev.platter.devices.block.BlockListener;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.memory.BufferPool;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** A host that fails, refuses or does not answer: other files take the image's place. */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class HostFailureTest {
  private static final int SIZE = 4 << 20;
  private static final int BLOCK = 4096;
  private static final int O_RDWR = 2;
  private static final int RWF_NOWAIT = 8;
  private static final ImageOptions WRITEBACK =
      ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);

  @TempDir Path directory;

  private final List<String> told = new ArrayList<>();
  private final List<Integer> opened = new ArrayList<>();
  private Path path = Path.of("");

  @BeforeEach
  void makeFile() throws IOException {
    path = TestDisk.randomFile(directory, SIZE);
  }

  @AfterEach
  void closeOthers() {
    opened.forEach(Libc::close);
  }

  private TestDisk open(ImageOptions options) {
    TestDisk disk = new TestDisk(path, options);
    disk.image.addListener(
        new BlockListener() {
          @Override
          public void failed(Operation operation, long offset, long length, int errno) {
            told.add(operation + " " + offset + "+" + length + " " + Errno.name(errno));
          }

          @Override
          public void slow(
              Operation operation, long offset, long length, long seconds, long requests) {
            told.add(
                "slow " + operation + " " + offset + "+" + length + " " + seconds + "s "
                    + requests);
          }

          @Override
          public void noLongerSlow(long seconds, long requests) {
            told.add("no longer slow " + seconds + "s " + requests);
          }

          @Override
          public void flushFailed(int errno) {
            told.add("flush failed " + Errno.name(errno));
          }

          @Override
          public void discardRefused(long offset, long length, int errno) {
            told.add("discard refused " + offset + "+" + length + " " + Errno.name(errno));
          }
        });
    return disk;
  }

  private int other(String path, int flags) {
    int fd = Libc.open(path, flags, 0);
    assertThat(fd).isNotNegative();
    opened.add(fd);
    return fd;
  }

  /** A file on which fsync fails. */
  private int unsyncable() {
    return other("/dev/null", O_RDWR);
  }

  private Path pipe() {
    Path pipe = directory.resolve("pipe");
    assertThat(Libc.mkfifo(pipe.toString(), 0600)).isZero();
    return pipe;
  }

  @Test
  void aFlushThatHasFailedStaysFailedUntilTheImageIsOpenedAgain() {
    for (ImageOptions options : List.of(ImageOptions.WRITABLE, WRITEBACK)) {
      told.clear();
      try (TestDisk disk = open(options)) {
        MemorySegment memory = disk.memory(BLOCK, 0);
        int own = disk.image.fd;
        assertThat(disk.flush()).isZero();
        disk.image.fd = unsyncable();
        assertThat(disk.flush()).isEqualTo(-Errno.EINVAL);
        disk.image.fd = own;
        assertThat(disk.image.hostFigures().flushFailed()).isTrue();
        assertThat(disk.flush()).as("the kernel would say 0").isEqualTo(-Errno.EINVAL);
        assertThat(disk.write(0, true, memory)).as("FUA").isEqualTo(-Errno.EINVAL);
        assertThat(disk.image.sync()).isEqualTo(-Errno.EINVAL);
        assertThat(disk.write(0, false, memory)).as("promises nothing").isZero();
        assertThat(disk.read(0, memory)).isZero();
        assertThat(told).containsExactly("flush failed EINVAL", "FLUSH 0+0 EINVAL");
      }
      try (TestDisk disk = open(options)) {
        assertThat(disk.image.hostFigures().flushFailed()).isFalse();
        assertThat(disk.flush()).isZero();
        assertThat(disk.image.sync()).isZero();
      }
    }
  }

  @Test
  void aSyncThatHasFailedStaysFailedAsWell() {
    try (TestDisk disk = open(WRITEBACK)) {
      int own = disk.image.fd;
      disk.image.fd = unsyncable();
      assertThat(disk.image.sync()).isEqualTo(-Errno.EINVAL);
      disk.image.fd = own;
      assertThat(disk.flush()).isEqualTo(-Errno.EINVAL);
      assertThat(disk.image.sync()).isEqualTo(-Errno.EINVAL);
      assertThat(told).containsExactly("flush failed EINVAL");
    }
  }

  /**
   * A write with FUA takes the kernel's word of earlier losses with it. Past the page cache, no
   * room is what the write itself has met, and nothing is lost.
   */
  @Test
  void aWriteWithFuaThatFailsMayHaveLostWhatWasBeforeIt() {
    try (TestDisk disk = open(WRITEBACK)) {
      MemorySegment memory = disk.memory(BLOCK, 0);
      int own = disk.image.fd;
      disk.image.fd = other("/dev/full", O_RDWR);
      assertThat(disk.write(BLOCK, false, memory)).isEqualTo(-Errno.ENOSPC);
      assertThat(disk.image.hostFigures().flushFailed()).isFalse();
      assertThat(disk.write(BLOCK, true, memory)).isEqualTo(-Errno.ENOSPC);
      disk.image.fd = own;
      assertThat(disk.flush()).isEqualTo(-Errno.ENOSPC);
      assertThat(told)
          .containsExactly(
              "WRITE 4096+4096 ENOSPC", "flush failed ENOSPC", "WRITE 4096+4096 ENOSPC");
    }
    try (TestDisk disk = open(ImageOptions.WRITABLE)) {
      MemorySegment memory = disk.memory(BLOCK, 0);
      int own = disk.image.fd;
      disk.image.fd = other("/dev/full", O_RDWR);
      assertThat(disk.write(0, true, memory)).isEqualTo(-Errno.ENOSPC);
      disk.image.fd = own;
      assertThat(disk.flush()).isZero();
    }
  }

  /** The kernel tells one of two flushes at the same time of what both have lost. */
  @Test
  void aFlushBesideOneThatFailsHasFailedToo() {
    for (int others : new int[] {0, -Errno.EIO}) {
      try (TestDisk disk = open(WRITEBACK);
          TestDisk.Slot slot = new TestDisk.Slot();
          TestDisk.Slot idle = new TestDisk.Slot()) {
        RawTransfer beside = new RawTransfer(disk.image, idle);
        disk.image.stability().begin(beside);
        slot.prepareFlush();
        disk.image.submit(slot);
        while (disk.context.blockRequestsInFlight() > 0) {
          disk.context.turn(true);
        }
        RawTransfer later = new RawTransfer(disk.image, idle);
        disk.image.stability().begin(later);
        assertThat(slot.isDone()).as("the other may have been told").isFalse();
        disk.image.stability().failed(others, false);
        assertThat(disk.image.stability().end(beside, others)).isEqualTo(others != 0);
        disk.await(slot);
        assertThat(slot.result).isEqualTo(others);
      }
    }
  }

  /** The same of an fsync that is no guest's: a resize makes one beside the guest's flushes. */
  @Test
  void aFlushBesideAnFsyncThatFailsHasFailedToo() {
    for (int others : new int[] {0, -Errno.EIO}) {
      try (TestDisk disk = open(WRITEBACK);
          TestDisk.Slot slot = new TestDisk.Slot()) {
        Stability stability = disk.image.stability();
        long first = stability.beginOutside();
        slot.prepareFlush();
        disk.image.submit(slot);
        while (disk.context.blockRequestsInFlight() > 0) {
          disk.context.turn(true);
        }
        long later = stability.beginOutside();
        disk.context.turn(false);
        assertThat(slot.isDone()).as("the other may have been told").isFalse();
        stability.failed(others, false);
        stability.endOutside(first);
        disk.await(slot);
        assertThat(slot.result).isEqualTo(others);
        stability.endOutside(later);
        assertThat(disk.image.sync()).isEqualTo(others);
        assertThat(disk.flush()).isEqualTo(others);
      }
    }
  }

  /** A first write into a hole cannot be done without waiting (RWF_NOWAIT): EAGAIN, on ext4. */
  @Test
  void whatIsPutOffIsTriedAgainAndNotForEver() throws Exception {
    Files.write(path, new byte[0]);
    try (RandomAccessFile sparse = new RandomAccessFile(path.toFile(), "rw")) {
      sparse.setLength(SIZE);
    }
    try (TestDisk disk = open(ImageOptions.WRITABLE);
        TestDisk.Slot slot = new TestDisk.Slot()) {
      disk.image.writeFlags = RWF_NOWAIT;
      MemorySegment memory = disk.memory(BLOCK, 0);
      memory.fill((byte) 7);
      TestDisk.fill(slot, memory);
      slot.prepareWrite(BLOCK, false);
      disk.image.submit(slot);
      for (long end = cqes(disk) + 3; cqes(disk) < end && !slot.isDone(); ) {
        disk.context.turn(true);
      }
      assumeFalse(slot.isDone(), "needs a file system that refuses to wait, as ext4 does");
      disk.image.writeFlags = 0;
      disk.await(slot);
      assertThat(slot.result).isZero();
      assertThat(Arrays.copyOfRange(disk.file(), BLOCK, 2 * BLOCK)).containsOnly(7);
      disk.image.writeFlags = RWF_NOWAIT;
      assertThat(disk.write(1 << 20, false, memory)).as("at its limit").isEqualTo(-Errno.EAGAIN);
      assertThat(told.getLast()).isEqualTo("WRITE 1048576+4096 EAGAIN");
    }
  }

  private static long cqes(TestDisk disk) {
    return disk.context.stats().snapshot().cqesReaped();
  }

  @Test
  void aRequestThatTheHostKeepsIsToldOfAndSoIsItsEnd() throws Exception {
    try (TestDisk disk = open(WRITEBACK);
        TestDisk.Slot slot = new TestDisk.Slot();
        TestDisk.Slot quick = new TestDisk.Slot()) {
      Path pipe = pipe();
      int own = disk.image.fd;
      disk.image.fd = other(pipe.toString(), O_RDWR); // empty: waits
      TestDisk.fill(slot, disk.memory(BLOCK, 0));
      slot.prepareRead(BLOCK);
      disk.image.submit(slot);
      disk.context.turn(false);
      disk.image.fd = own;
      SlowRequests slow = disk.image.on(disk.context).slowRequests();
      for (int second = 0; second <= 11; second++) {
        slow.tick();
        quick.prepareFlush();
        assertThat(disk.run(quick)).isZero();
      }
      assertThat(told).containsExactly("slow READ 4096+4096 5s 1", "slow READ 4096+4096 10s 1");
      assertThat(disk.image.hostFigures().slowRequests()).isEqualTo(1);
      try (OutputStream out = Files.newOutputStream(pipe)) {
        out.write(new byte[BLOCK]);
      }
      disk.await(slot);
      assertThat(told.getLast()).startsWith("no longer slow 11s 1");
      assertThat(disk.image.hostFigures().slowRequests()).isZero();
      assertThat(disk.image.hostFigures().slowRequestsEver()).isEqualTo(1);
    }
  }

  @Test
  void aRefusedDiscardIsToldOnceAndTriedAgainElsewhere() throws Exception {
    try (TestDisk disk = open(ImageOptions.WRITABLE)) {
      int own = disk.image.fd;
      disk.image.fd = other("/proc/self/comm", O_RDWR); // has no fallocate
      assertThat(disk.discard(0, BLOCK)).as("advice").isZero();
      assertThat(disk.discard(BLOCK, BLOCK)).isZero();
      assertThat(disk.image.hostFigures().discardsRefused()).isEqualTo(2);
      disk.image.fd = own;
      long before = disk.image.facts().allocatedBytes();
      assertThat(disk.discard(1 << 20, 1 << 20)).isZero();
      assertThat(disk.image.facts().allocatedBytes()).isLessThan(before);
      assertThat(told).containsExactly("discard refused 0+4096 EOPNOTSUPP");
    }
  }

  @Test
  void whatIsLongIsParkedWhileTheLoopIsSuspendedAndThenGoesOn() throws Exception {
    try (TestDisk disk = open(ImageOptions.WRITABLE);
        TestDisk.Slot discard = new TestDisk.Slot();
        TestDisk.Slot zeroes = new TestDisk.Slot()) {
      ImageOnLoop onLoop = disk.image.on(disk.context);
      onLoop.park();
      discard.prepareDiscard(0, 1 << 20);
      zeroes.prepareWriteZeroes(2 << 20, 1 << 20, false);
      disk.image.submit(discard);
      disk.image.submit(zeroes);
      assertThat(onLoop.inFlight()).as("the makers count 2").isEqualTo(-2);
      assertThat(disk.context.blockRequestsInFlight()).isZero();
      onLoop.resume();
      disk.await(discard);
      disk.await(zeroes);
      assertThat(discard.result).isZero();
      assertThat(zeroes.result).isZero();
      assertThat(onLoop.inFlight()).isZero();
      assertThat(Arrays.copyOfRange(disk.file(), 2 << 20, 3 << 20)).containsOnly(0);
    }
  }

  @Test
  void whatIsLongCanBeCutShort() throws Exception {
    try (TestDisk disk = open(ImageOptions.WRITABLE);
        TestDisk.Slot discard = new TestDisk.Slot();
        TestDisk.Slot zeroes = new TestDisk.Slot();
        TestDisk.Slot running = new TestDisk.Slot()) {
      byte[] before = disk.file();
      ImageOnLoop onLoop = disk.image.on(disk.context);
      for (int i = 0; i < 4; i++) {
        onLoop.longOperations().took(0, Long.MAX_VALUE); // pieces of 1 MiB
      }
      running.prepareWriteZeroes(0, SIZE, false);
      disk.image.submit(running);
      disk.image.cutShort(running); // its first piece is on its way
      onLoop.park();
      discard.prepareDiscard(0, 1 << 20);
      zeroes.prepareWriteZeroes(2 << 20, 1 << 20, false);
      disk.image.submit(discard);
      disk.image.submit(zeroes);
      disk.image.cutShort(discard);
      disk.image.cutShort(zeroes);
      disk.image.cutShort(zeroes);
      assertThat(discard.result).isZero();
      assertThat(zeroes.result).isEqualTo(-Errno.ECANCELED);
      disk.await(running);
      assertThat(running.result).isEqualTo(-Errno.ECANCELED);
      onLoop.resume();
      byte[] after = disk.file();
      assertThat(Arrays.copyOfRange(after, 0, 1 << 20)).containsOnly(0);
      assertThat(Arrays.copyOfRange(after, 1 << 20, SIZE))
          .isEqualTo(Arrays.copyOfRange(before, 1 << 20, SIZE));
      assertThat(told).isEmpty();
    }
  }

  /** Many short ones that are quick do not make a long one of unknown cost. */
  @Test
  void piecesGrowByWhatWholeOnesTake() {
    try (TestDisk disk = open(ImageOptions.WRITABLE)) {
      LongOperations pieces = disk.image.on(disk.context).longOperations();
      long before = pieces.pieceBytes();
      for (int i = 0; i < 8; i++) {
        assertThat(disk.writeZeroes((long) i * BLOCK, BLOCK, false)).isZero();
      }
      assertThat(pieces.pieceBytes()).isLessThanOrEqualTo(before);
      long now = pieces.pieceBytes();
      pieces.took(now, 0);
      assertThat(pieces.pieceBytes()).isEqualTo(2 * now);
      pieces.took(BLOCK, Long.MAX_VALUE);
      assertThat(pieces.pieceBytes()).as("slow is slow").isEqualTo(now);
    }
  }

  /** Discards and zeroes of a guest take few of the kernel's workers, and each gets its turn. */
  @Test
  void fewLongOperationsRunAtOnce() {
    try (TestDisk disk = open(ImageOptions.WRITABLE)) {
      List<TestDisk.Slot> slots = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        TestDisk.Slot slot = new TestDisk.Slot();
        slot.prepareWriteZeroes(0, SIZE, false);
        slots.add(slot);
        disk.image.submit(slot);
      }
      int most = 0;
      while (!slots.stream().allMatch(TestDisk.Slot::isDone)) {
        most = Math.max(most, disk.context.blockRequestsInFlight());
        disk.context.turn(true);
      }
      assertThat(most).isEqualTo(2);
      slots.forEach(slot -> assertThat(slot.result).isZero());
      slots.forEach(TestDisk.Slot::close);
    }
  }

  /** More requests that bounce than there are chunks: all are done, and the memory goes back. */
  @Test
  void requestsThatBounceWaitForChunks() throws Exception {
    try (TestDisk disk = open(ImageOptions.WRITABLE)) {
      byte[] contents = disk.file();
      List<TestDisk.Slot> slots = new ArrayList<>();
      List<MemorySegment> memories = new ArrayList<>();
      for (int i = 0; i < 4 * ImageOnLoop.BOUNCE_CHUNKS; i++) {
        TestDisk.Slot slot = new TestDisk.Slot();
        MemorySegment memory = disk.memory(1 << 20, 1);
        TestDisk.fill(slot, memory);
        slot.prepareRead((long) (i % 3) << 20);
        slots.add(slot);
        memories.add(memory);
        disk.image.submit(slot);
      }
      slots.forEach(disk::await);
      for (int i = 0; i < slots.size(); i++) {
        assertThat(slots.get(i).result).isZero();
        assertThat(TestDisk.bytes(memories.get(i)))
            .isEqualTo(Arrays.copyOfRange(contents, (i % 3) << 20, (i % 3 + 1) << 20));
      }
      assertThat(disk.image.hostFigures().bufferBytes())
          .isEqualTo((long) ImageOnLoop.BOUNCE_CHUNKS * BufferPool.CHUNK_BYTES);
      while (disk.image.hostFigures().bufferBytes() > 0) {
        disk.context.turn(true);
      }
      slots.forEach(TestDisk.Slot::close);
    }
  }
}
