package dev.platter.devices.block.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.meter.Operation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class MemoryDiskTest {
  private static final long SIZE = 8 << 20;
  private static final int PAGE = 4096;

  private static final class Slot extends BlockRequest {
    private static final int NONE = 1;
    private int result = NONE;
    private Runnable then = () -> {};

    Slot() {
      super(4);
    }

    @Override
    protected void completed(int result) {
      assertThat(this.result).as("completed once").isEqualTo(NONE);
      this.result = result;
      then.run();
    }
  }

  private final Arena arena = Arena.ofShared();
  private MemoryDisk disk = disk(ImageOptions.WRITABLE);

  private static MemoryDisk disk(ImageOptions options) {
    return MemoryDisk.create("ram:8M", SIZE, options);
  }

  /** On the loop of the test's thread, which is made there. */
  private void onLoop(Consumer<AioContext> body) {
    try (AioContext context = new AioContext("test", AioConfig.ioThread(), null)) {
      body.accept(context);
    } finally {
      disk.close();
    }
  }

  @AfterEach
  void close() {
    disk.close();
    arena.close();
  }

  private int run(AioContext context, Slot slot) {
    slot.result = Slot.NONE;
    disk.submit(slot);
    while (slot.result == Slot.NONE) {
      context.turn(true);
    }
    return slot.result;
  }

  private int write(AioContext context, long offset, MemorySegment... from) {
    try (Slot slot = new Slot()) {
      for (MemorySegment each : from) {
        slot.vector().add(each.address(), each.byteSize());
      }
      slot.prepareWrite(offset, true);
      return run(context, slot);
    }
  }

  private byte[] read(AioContext context, long offset, int length) {
    MemorySegment to = arena.allocate(length + 1).asSlice(1); // at any address
    try (Slot slot = new Slot()) {
      slot.vector().add(to.address(), length);
      slot.prepareRead(offset);
      assertThat(run(context, slot)).isZero();
      return to.toArray(ValueLayout.JAVA_BYTE);
    }
  }

  private int other(AioContext context, Operation operation, long offset, long length) {
    try (Slot slot = new Slot()) {
      switch (operation) {
        case FLUSH -> slot.prepareFlush();
        case DISCARD -> slot.prepareDiscard(offset, length);
        default -> slot.prepareWriteZeroes(offset, length, true);
      }
      return run(context, slot);
    }
  }

  private MemorySegment filled(long length, int value) {
    return arena.allocate(length).fill((byte) value);
  }

  private static byte[] repeated(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  /** How much memory the disk takes now, in bytes. */
  private long residentBytes() {
    String start = Long.toHexString(disk.address(0)) + "-";
    try {
      List<String> lines = Files.readAllLines(Path.of("/proc/self/smaps"));
      for (int i = 0; i < lines.size(); i++) {
        if (lines.get(i).startsWith(start)) {
          while (!lines.get(i).startsWith("Rss:")) {
            i++;
          }
          return Long.parseLong(lines.get(i).replaceAll("\\D", "")) * 1024;
        }
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    throw new AssertionError("no mapping at " + start);
  }

  @Test
  void zeroesAreReadUntilSomethingIsWritten() {
    onLoop(context -> {
      assertThat(read(context, 0, PAGE)).containsOnly(0);
      assertThat(write(context, 512, filled(512, 1), filled(1024, 2))).isZero();
      assertThat(read(context, 0, 512)).containsOnly(0);
      assertThat(read(context, 512, 512)).containsOnly(1);
      assertThat(read(context, 1024, 1024)).containsOnly(2);
      assertThat(read(context, SIZE - 512, 512)).containsOnly(0);
      assertThat(other(context, Operation.FLUSH, 0, 0)).isZero();
      assertThat(disk.meter().usage().of(Operation.WRITE).bytes()).isEqualTo(1536);
      assertThat(disk.meter().usage().inFlight()).isZero();
    });
  }

  @Test
  void oneThatIsLargerThanATurnComesInPieces() {
    onLoop(context -> {
      int length = 3 << 20;
      assertThat(write(context, PAGE, filled(length - 512, 3), filled(512, 4))).isZero();
      byte[] all = read(context, PAGE, length);
      assertThat(all).startsWith(repeated(length - 512, 3)).endsWith(repeated(512, 4));
    });
  }

  @Test
  void whatIsNotOfTheDiskIsRefused() {
    onLoop(context -> {
      assertThat(write(context, SIZE, filled(512, 1))).isEqualTo(-Errno.EINVAL);
      assertThat(write(context, 1, filled(512, 1))).isEqualTo(-Errno.EINVAL);
      assertThat(write(context, 0, filled(500, 1))).isEqualTo(-Errno.EINVAL);
    });
  }

  @Test
  void aDiskThatIsReadOnlyIsOnlyRead() {
    disk.close();
    disk = disk(ImageOptions.READ_ONLY);
    onLoop(context -> {
      assertThat(read(context, 0, 512)).containsOnly(0);
      assertThat(write(context, 0, filled(512, 1))).isEqualTo(-Errno.EROFS);
      assertThat(other(context, Operation.DISCARD, 0, PAGE)).isEqualTo(-Errno.EROFS);
      assertThat(other(context, Operation.WRITE_ZEROES, 0, PAGE)).isEqualTo(-Errno.EROFS);
      assertThat(other(context, Operation.FLUSH, 0, 0)).isZero();
    });
  }

  @Test
  void whatIsDiscardedIsFreed() {
    onLoop(context -> {
      assertThat(residentBytes()).isZero();
      assertThat(write(context, 0, filled(1 << 20, 5))).isZero();
      assertThat(residentBytes()).isEqualTo(1 << 20);
      assertThat(other(context, Operation.DISCARD, 512, SIZE - 512)).isZero();
      assertThat(residentBytes()).isEqualTo(PAGE);
      assertThat(read(context, PAGE, PAGE)).containsOnly(0);
    });
  }

  @Test
  void zeroesThatMayUnmapFreeWholePagesAndWriteTheRest() {
    onLoop(context -> {
      assertThat(write(context, 0, filled(1 << 20, 6))).isZero();
      assertThat(other(context, Operation.WRITE_ZEROES, 512, (1 << 20) - 1024)).isZero();
      assertThat(residentBytes()).isEqualTo(2 * PAGE);
      assertThat(read(context, 0, 512)).containsOnly(6);
      assertThat(read(context, 512, (1 << 20) - 1024)).containsOnly(0);
      assertThat(read(context, (1 << 20) - 512, 512)).containsOnly(6);
      assertThat(other(context, Operation.WRITE_ZEROES, 0, 512)).isZero();
      assertThat(read(context, 0, 512)).containsOnly(0);
    });
  }

  @Test
  void aDiskWithoutDiscardKeepsWhatItHas() {
    disk.close();
    disk = disk(new ImageOptions(false, ImageOptions.WRITABLE.cache(), false));
    onLoop(context -> {
      assertThat(write(context, 0, filled(PAGE, 7))).isZero();
      assertThat(other(context, Operation.DISCARD, 0, PAGE)).isZero();
      assertThat(read(context, 0, PAGE)).containsOnly(7);
      assertThat(other(context, Operation.WRITE_ZEROES, 0, PAGE)).isZero();
      assertThat(read(context, 0, PAGE)).containsOnly(0);
      assertThat(residentBytes()).isEqualTo(PAGE);
    });
  }

  @Test
  void whatIsCutShortEndsBeforeItsNextPiece() {
    onLoop(context -> {
      try (Slot discard = new Slot();
          Slot zeroes = new Slot()) {
        discard.prepareDiscard(0, SIZE);
        zeroes.prepareWriteZeroes(0, SIZE, false);
        disk.submit(discard);
        disk.submit(zeroes);
        disk.cutShort(discard);
        disk.cutShort(zeroes);
        while (discard.result == Slot.NONE || zeroes.result == Slot.NONE) {
          context.turn(true);
        }
        assertThat(discard.result).isZero();
        assertThat(zeroes.result).isEqualTo(-Errno.ECANCELED);
        assertThat(residentBytes()).isZero();
      }
    });
  }

  /** A device that answers each completion with its next request must not need a deeper stack. */
  @Test
  void aRequestThatComesFromWithinACompletionWaitsForItsTurn() {
    onLoop(context -> {
      try (Slot slot = new Slot()) {
        int[] left = {100_000};
        slot.then =
            () -> {
              if (left[0]-- > 0) {
                slot.result = Slot.NONE;
                slot.prepareFlush();
                disk.submit(slot);
              }
            };
        slot.prepareFlush();
        disk.submit(slot);
        while (left[0] >= 0) {
          context.turn(true);
        }
        assertThat(disk.meter().usage().of(Operation.FLUSH).requests()).isEqualTo(100_001);
      }
    });
  }

  @Test
  void aSizeThatIsNoneIsRefusedAndSoIsOneThatNoHostHas() {
    assertThatThrownBy(() -> MemoryDisk.create("ram:1", 1, ImageOptions.WRITABLE))
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> assertThat(e.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT));
    assertThatThrownBy(() -> MemoryDisk.create("ram:4096T", 1L << 52, ImageOptions.WRITABLE))
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> assertThat(e.kind()).isEqualTo(PlatterException.Kind.HOST_LACKS))
        .hasMessageContaining("ram:4096T");
  }
}
