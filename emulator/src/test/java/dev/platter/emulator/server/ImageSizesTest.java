package dev.platter.emulator.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.IoThread;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.raw.RawImage;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ImageSizesTest {
  private static final int SIZE = 1 << 20;

  @TempDir private Path directory;

  /** A file system that was slow to answer has told of a time before somebody grew the image. */
  @Test
  void whatIsOldIsNotTold() throws Exception {
    Path path = Files.write(directory.resolve("disk.img"), new byte[SIZE]);
    ImageOptions options = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);
    try (IoThread loop = new IoThread("loop", AioConfig.ioThread());
        RawImage image = RawImage.open(path.toString(), options);
        ImageSizes sizes = new ImageSizes()) {
      ImageSizes.Watched watched = sizes.add(image, loop.context());
      image.grow(2 * SIZE, null);
      image.resizeTo(2 * SIZE);
      watched.seen(SIZE, SIZE);
      loop.context().invoke(() -> {});
      assertThat(image.sizeBytes()).isEqualTo(2 * SIZE);
      // Found before, and grown again before it was told.
      loop.context()
          .invoke(() -> {
            watched.seen(2 * SIZE, 3 * SIZE);
            image.grow(4 * SIZE, null);
            image.resizeTo(4 * SIZE);
          });
      loop.context().invoke(() -> {});
      assertThat(image.sizeBytes()).isEqualTo(4 * SIZE);
      sizes.remove(watched);
    }
  }

  @Test
  void aChangeIsTold() throws Exception {
    Path path = Files.write(directory.resolve("disk.img"), new byte[SIZE]);
    ImageOptions options = ImageOptions.READ_ONLY.withCache(CacheMode.WRITEBACK);
    try (IoThread loop = new IoThread("loop", AioConfig.ioThread());
        RawImage image = RawImage.open(path.toString(), options);
        ImageSizes sizes = new ImageSizes()) {
      ImageSizes.Watched watched = sizes.add(image, loop.context());
      Files.write(path, new byte[2 * SIZE]);
      while (image.sizeBytes() != 2 * SIZE) {
        Thread.onSpinWait();
      }
      sizes.remove(watched);
    }
  }
}
