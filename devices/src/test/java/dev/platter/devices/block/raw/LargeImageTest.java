package dev.platter.devices.block.raw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** A disk of terabytes, of which only what is written takes room. */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class LargeImageTest {
  private static final long SIZE = 8L << 40;
  private static final int BLOCK = 4096;
  private static final ImageOptions CACHED = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);

  @TempDir Path directory;
  private Path path = Path.of("");

  @BeforeEach
  void makeFile() {
    path = directory.resolve("large.img");
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(SIZE);
    } catch (IOException e) {
      assumeTrue(false, "this file system has no files of 8 TiB: " + e.getMessage());
    }
  }

  @Test
  void itsLastBlockIsReadAndWrittenInItsPlace() throws Exception {
    try (TestDisk disk = new TestDisk(path, CACHED)) {
      MemorySegment block = disk.memory(BLOCK, 0);
      for (long offset : new long[] {SIZE - BLOCK, (1L << 32) - 512, 1L << 41, 5L << 40}) {
        block.fill((byte) 0).set(ValueLayout.JAVA_LONG_UNALIGNED, 0, offset);
        assertThat(disk.write(offset, false, block)).isZero();
        try (FileChannel file = FileChannel.open(path)) {
          ByteBuffer first = ByteBuffer.allocate(8).order(java.nio.ByteOrder.nativeOrder());
          assertThat(file.read(first, offset)).isEqualTo(8);
          assertThat(first.getLong(0)).isEqualTo(offset);
        }
        block.fill((byte) 1);
        assertThat(disk.read(offset, block)).isZero();
        assertThat(block.get(ValueLayout.JAVA_LONG_UNALIGNED, 0)).isEqualTo(offset);
      }
      assertThat(disk.write(SIZE, false, block)).as("beyond its end").isNegative();
    }
  }

  @Test
  void itsSizeIsKnownAndGrows() throws Exception {
    try (RawImage image = RawImage.open(path.toString(), CACHED)) {
      assertThat(image.sizeBytes()).isEqualTo(SIZE);
      assertThat(image.facts().allocatedBytes()).isLessThan(1 << 20);
      AtomicLong told = new AtomicLong();
      image.addResizeListener(told::set);
      image.checkForResize();
      assertThat(told).hasValue(0);
      try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
        file.setLength(SIZE + BLOCK);
      }
      image.checkForResize();
      assertThat(told).hasValue(SIZE + BLOCK);
      assertThat(image.sync()).isZero();
    }
  }
}
