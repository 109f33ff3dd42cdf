package dev.platter.devices.block.raw;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.IoThread;
import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.block.image.DirectAlignment;
import dev.platter.devices.block.image.ImageOptions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** Sectors of 512 bytes on a host whose O_DIRECT takes blocks of 4096: no neighbour is touched. */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class SharedBlocksTest {
  private static final int SECTOR = 512;
  private static final int BLOCK = 4096;
  private static final int SIZE = 64 << 10;
  private static final DirectAlignment STRICT = new DirectAlignment(4, BLOCK);

  @TempDir Path directory;
  private Path path = Path.of("");
  private byte[] contents = {};

  @BeforeEach
  void makeFile() throws IOException {
    path = TestDisk.randomFile(directory, SIZE);
    contents = Files.readAllBytes(path);
  }

  /** Writes its own sectors again and again, among those of the others. */
  private static final class Writer extends BlockRequest {
    private final RawImage image;
    private final MemorySegment memory;
    private final Random random;
    private final int[] own;
    private final byte[] expected;
    private final CountDownLatch done = new CountDownLatch(1);
    private int left = 300;
    private int result;

    Writer(RawImage image, Arena arena, int[] own, byte[] expected, int seed) {
      super(1);
      this.image = image;
      this.memory = arena.allocate(SECTOR, BLOCK);
      this.own = own;
      this.expected = expected;
      this.random = new Random(seed);
    }

    void next() {
      int sector = own[random.nextInt(own.length)];
      byte value = (byte) random.nextInt();
      Arrays.fill(expected, sector * SECTOR, (sector + 1) * SECTOR, value);
      memory.fill(value);
      vector().clear();
      vector().add(memory.address(), SECTOR);
      if (value == 0) {
        prepareWriteZeroes((long) sector * SECTOR, SECTOR, random.nextBoolean());
      } else {
        prepareWrite((long) sector * SECTOR, random.nextInt(16) == 0);
      }
      image.submit(this);
    }

    @Override
    protected void completed(int result) {
      this.result = result;
      if (result == 0 && --left > 0) {
        next();
      } else {
        done.countDown();
      }
    }
  }

  /** Every sector of a block belongs to another writer, on one of two loops. */
  @Test
  void writersOfOneBlockOnTwoLoopsKeepApart() throws Exception {
    List<Writer> writers = new ArrayList<>();
    try (RawImage image = RawImage.open(path.toString(), ImageOptions.WRITABLE);
        Arena arena = Arena.ofShared();
        IoThread first = new IoThread("io0", AioConfig.ioThread());
        IoThread second = new IoThread("io1", AioConfig.ioThread())) {
      image.alignment = STRICT;
      for (int i = 0; i < 8; i++) {
        int[] own = {i, i + 8}; // two blocks only
        writers.add(new Writer(image, arena, own, contents, i));
      }
      for (int i = 0; i < writers.size(); i++) {
        Writer writer = writers.get(i);
        (i % 2 == 0 ? first : second).context().invoke(writer::next);
      }
      for (Writer writer : writers) {
        writer.done.await();
        assertThat(writer.result).isZero();
      }
    }
    writers.forEach(BlockRequest::close);
    assertThat(Files.readAllBytes(path)).isEqualTo(contents);
  }

  /** Whole blocks go while nobody has a part of them; a part waits, and is not overtaken. */
  @Test
  void partsOfABlockAreAloneAndInOrder() {
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE)) {
      disk.image.alignment = STRICT;
      BlockLocks locks = new BlockLocks();
      RawTransfer whole = range(disk, 0, 2 * BLOCK, false);
      RawTransfer other = range(disk, 0, BLOCK, false);
      RawTransfer part = range(disk, 0, BLOCK, true);
      RawTransfer late = range(disk, 0, BLOCK, false);
      RawTransfer apart = range(disk, BLOCK, 2 * BLOCK, false);
      assertThat(locks.acquire(whole)).isTrue();
      assertThat(locks.acquire(other)).isTrue();
      assertThat(locks.acquire(part)).as("others write the block").isFalse();
      assertThat(locks.acquire(late)).as("the part came first").isFalse();
      assertThat(locks.acquire(apart)).as("another block").isTrue();
      locks.release(whole);
      locks.release(other);
      locks.release(part); // granted by then, or this breaks
      locks.release(late);
      locks.release(apart);
      assertThat(locks.acquire(part)).isTrue();
    }
  }

  /** Who has many requests makes nobody walk along all of them, neither to begin nor to end. */
  @Test
  void fewAreLookedAt() {
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE)) {
      disk.image.alignment = STRICT;
      BlockLocks locks = new BlockLocks();
      List<RawTransfer> all = new ArrayList<>();
      for (long i = 0; i < 2L * BlockLocks.MOST_HELD; i++) {
        RawTransfer part = range(disk, i * BLOCK, (i + 1) * BLOCK, true);
        assertThat(locks.acquire(part)).isEqualTo(i < BlockLocks.MOST_HELD);
        all.add(part);
      }
      RawTransfer last = range(disk, 0, BLOCK, true);
      assertThat(locks.acquire(last)).isFalse();
      assertThat(locks.held()).isEqualTo(BlockLocks.MOST_HELD);
      for (RawTransfer each : all) { // in the order in which they came
        locks.release(each);
        assertThat(locks.held()).isLessThanOrEqualTo(BlockLocks.MOST_HELD);
      }
      assertThat(locks.held()).as("the last").isEqualTo(1);
      locks.release(last);
      assertThat(locks.held()).isZero();
    }
  }

  /** Of ranges at random no two conflict that are held, and all come to their turn. */
  @Test
  void allComeToTheirTurn() {
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE)) {
      disk.image.alignment = STRICT;
      Random random = new Random(5);
      BlockLocks locks = new BlockLocks();
      List<RawTransfer> held = new ArrayList<>();
      List<RawTransfer> waiting = new ArrayList<>();
      for (int i = 0; i < 8_000; i++) {
        if (held.isEmpty() || (i < 6_000 && random.nextInt(100) < 55)) {
          long from = random.nextInt(300);
          RawTransfer one =
              range(
                  disk,
                  from * BLOCK,
                  (from + 1 + random.nextInt(4)) * BLOCK,
                  random.nextInt(3) != 0);
          (locks.acquire(one) ? held : waiting).add(one);
        } else {
          locks.release(held.remove(random.nextInt(held.size())));
          for (RawTransfer one : List.copyOf(waiting)) {
            if (locks.isHeld(one)) {
              waiting.remove(one);
              held.add(one);
            }
          }
        }
        assertThat(locks.held()).isEqualTo(held.size());
        boolean apart = true;
        for (RawTransfer one : held) {
          for (RawTransfer other : held) {
            apart &= one == other || !BlockLocks.conflict(one, other);
          }
        }
        assertThat(apart).isTrue();
      }
      assertThat(waiting).isEmpty();
    }
  }

  /** How much a piece of a long operation covers is settled when it asks for its lock. */
  @Test
  void aPieceIsNoLongerThanItsLock() throws Exception {
    path = TestDisk.randomFile(directory, 4 << 20);
    contents = Files.readAllBytes(path);
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE);
        TestDisk.Slot zeroes = new TestDisk.Slot()) {
      disk.image.alignment = STRICT;
      LongOperations pieces = disk.image.on(disk.context).longOperations();
      while (pieces.pieceBytes() > 1 << 20) {
        pieces.took(0, Long.MAX_VALUE);
      }
      BlockLocks locks = disk.image.blockLocks();
      RawTransfer inTheFirst = range(disk, 0, BLOCK, true);
      RawTransfer inTheSecond = range(disk, 1 << 20, (1 << 20) + BLOCK, true);
      assertThat(locks.acquire(inTheFirst)).isTrue();
      zeroes.prepareWriteZeroes(0, 4 << 20, false);
      disk.image.submit(zeroes);
      assertThat(locks.acquire(inTheSecond)).as("beyond the piece").isTrue();
      pieces.took(pieces.pieceBytes(), 0); // another has been quick
      locks.release(inTheFirst);
      do {
        disk.context.turn(true);
      } while (disk.context.blockRequestsInFlight() > 0);
      assertThat(Arrays.copyOfRange(disk.file(), 1 << 20, (1 << 20) + BLOCK))
          .as("it is another's")
          .isEqualTo(Arrays.copyOfRange(contents, 1 << 20, (1 << 20) + BLOCK));
      assertThat(zeroes.isDone()).isFalse();
      locks.release(inTheSecond);
      disk.await(zeroes);
      assertThat(zeroes.result).isZero();
      assertThat(disk.file()).containsOnly(0);
    }
  }

  /** A block that cannot be read whole was not changed, whoever asks for it. */
  @Test
  void aBlockBeyondTheEndOfAFileCutShortIsAnError() throws Exception {
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE)) {
      disk.image.alignment = STRICT;
      disk.truncate(SIZE - BLOCK);
      assertThat(disk.write(SIZE - SECTOR, false, disk.memory(SECTOR, 0))).isEqualTo(-Errno.EIO);
      for (boolean mayUnmap : new boolean[] {false, true}) {
        assertThat(disk.writeZeroes(SIZE - SECTOR, SECTOR, mayUnmap)).isEqualTo(-Errno.EIO);
        assertThat(disk.writeZeroes(SIZE - BLOCK, SECTOR, mayUnmap)).isEqualTo(-Errno.EIO);
      }
      assertThat(Files.size(path)).isEqualTo(SIZE - BLOCK);
    }
  }

  private static RawTransfer range(TestDisk disk, long from, long to, boolean alone) {
    RawTransfer transfer = new RawTransfer(disk.image, new TestDisk.Slot());
    transfer.lockFrom = from;
    transfer.lockTo = to;
    transfer.lockAlone = alone;
    return transfer;
  }

  @Test
  void aDiscardLeavesPartsOfBlocksAlone() throws Exception {
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE)) {
      disk.image.alignment = STRICT;
      assertThat(disk.discard(SECTOR, 6 * SECTOR)).as("inside of a block").isZero();
      assertThat(disk.discard(BLOCK - SECTOR, BLOCK + 2 * SECTOR)).isZero();
      Arrays.fill(contents, BLOCK, 2 * BLOCK, (byte) 0);
      assertThat(disk.file()).isEqualTo(contents);
    }
  }

  @Test
  void sectorsOf4096AreThoseThatGuestsAreTold() throws Exception {
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE.withLogicalBlock(4096))) {
      MemorySegment memory = disk.memory(BLOCK, 0);
      assertThat(disk.image.blockSizeBytes()).isEqualTo(BLOCK);
      assertThat(disk.read(SECTOR, memory)).isNegative();
      assertThat(disk.read(BLOCK, memory)).isZero();
      assertThat(memory.toArray(ValueLayout.JAVA_BYTE))
          .isEqualTo(Arrays.copyOfRange(contents, BLOCK, 2 * BLOCK));
    }
  }
}
