package dev.platter.devices.block.raw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.LockTimeout;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.DirectAlignment;
import dev.platter.devices.block.image.ImageOptions;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Opening, locking, sizes. */
class RawImageTest {
  private static final int SIZE = 1 << 20;

  @TempDir Path directory;

  private static void assertRefused(Path path, ImageOptions options, String... parts) {
    assertThatThrownBy(() -> RawImage.open(path.toString(), options).close())
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT);
              assertThat(e).hasMessageContaining(path.toString());
              for (String part : parts) {
                assertThat(e).hasMessageContaining(part);
              }
              assertThat(e.remedy()).isNotEmpty();
            });
  }

  private Path sized(long size) throws Exception {
    Path path = directory.resolve("sized.img");
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(size);
    }
    return path;
  }

  @Test
  void whatCannotServeAsADiskIsRefusedWithARemedy() throws Exception {
    assertRefused(directory.resolve("none"), ImageOptions.WRITABLE, "no such file");
    assertRefused(directory, ImageOptions.WRITABLE, "directory");
    assertRefused(Path.of("/dev/null"), ImageOptions.WRITABLE, "neither a regular file");
    assertRefused(sized(0), ImageOptions.WRITABLE, "empty");
    assertRefused(sized(1000), ImageOptions.WRITABLE, "1000", "not a multiple of 512");
    assertRefused(
        sized(1000), ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK), "multiple of 512");
    Path refused = sized(511);
    assertRefused(refused, ImageOptions.READ_ONLY, "not a multiple of 512");
    assertThat(Files.size(refused)).isEqualTo(511);
  }

  @Test
  void aSizeOfHalfASectorIsRefused() throws Exception {
    for (ImageOptions options : List.of(ImageOptions.WRITABLE, ImageOptions.READ_ONLY)) {
      for (CacheMode cache : CacheMode.values()) {
        ImageOptions large = options.withCache(cache).withLogicalBlock(4096);
        Path odd = sized(SIZE + 512);
        assertRefused(odd, large, (SIZE + 512) + " bytes is not a multiple of 4096");
        assertThatThrownBy(() -> RawImage.examine(odd.toString(), large, "", LockTimeout.noWait()))
            .isInstanceOfSatisfying(
                PlatterException.class, e -> assertThat(e.remedy()).contains("truncate -s %4096"));
        assertThat(Files.size(odd)).isEqualTo(SIZE + 512);
        RawImage.open(sized(SIZE).toString(), large).close();
      }
    }
  }

  /** Of one that becomes so while it is served, whole blocks are served, and the rest is kept. */
  @Test
  void whatIsNoWholeBlockIsNeitherServedNorTouched() throws Exception {
    Path path = TestDisk.randomFile(directory, SIZE);
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE)) {
      disk.image.alignment = new DirectAlignment(4, 4096);
      byte[] tail = new byte[3000];
      Arrays.fill(tail, (byte) 7);
      Files.write(path, tail, StandardOpenOption.APPEND);
      disk.image.checkForResize();
      assertThat(disk.image.sizeBytes()).isEqualTo(SIZE);
      MemorySegment sector = disk.memory(512, 0);
      assertThat(disk.write(SIZE - 512, false, sector)).isZero();
      assertThat(disk.write(SIZE, false, sector)).isEqualTo(-Errno.EINVAL);
      assertThat(disk.writeZeroes(SIZE, 512, false)).isEqualTo(-Errno.EINVAL);
      assertThat(disk.discard(SIZE, 512)).isEqualTo(-Errno.EINVAL);
      assertThat(disk.writeZeroes(0, SIZE, true)).isZero();
      assertThat(disk.discard(0, SIZE)).isZero();
      byte[] file = disk.file();
      assertThat(file).hasSize(SIZE + tail.length);
      assertThat(Arrays.copyOfRange(file, SIZE, file.length)).isEqualTo(tail);
      assertThat(Arrays.copyOf(file, SIZE)).containsOnly(0);
    }
  }

  @Test
  @Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void whatIsNoDiskIsNeitherWaitedForNorTouched() throws Exception {
    Path fifo = directory.resolve("fifo");
    assertThat(Libc.mkfifo(fifo.toString(), 0600)).isZero();
    Path socket = directory.resolve("socket");
    try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      listener.bind(UnixDomainSocketAddress.of(socket));
      for (ImageOptions options : List.of(ImageOptions.WRITABLE, ImageOptions.READ_ONLY)) {
        for (Path path : List.of(fifo, socket, Path.of("/dev/zero"), Path.of("/dev/full"))) {
          assertRefused(path, options, "neither a regular file nor a block device");
        }
      }
    }
  }

  @Test
  void linksAreFollowedToTheirEnd() throws Exception {
    Path path = sized(SIZE);
    Path link = Files.createSymbolicLink(directory.resolve("link"), path);
    Path linkToLink = Files.createSymbolicLink(directory.resolve("link2"), link);
    RawImage.open(linkToLink.toString(), ImageOptions.WRITABLE).close();
    Path loop = directory.resolve("loop");
    Files.createSymbolicLink(loop, directory.resolve("loop2"));
    Files.createSymbolicLink(directory.resolve("loop2"), loop);
    assertRefused(loop, ImageOptions.WRITABLE, "symbolic links");
    Path toDirectory = directory.resolve("to-directory");
    Files.createSymbolicLink(toDirectory, directory);
    assertRefused(toDirectory, ImageOptions.WRITABLE, "directory");
  }

  @Test
  void filesOfTheKernelsOwnAreNoDisks() {
    ImageOptions cached = ImageOptions.READ_ONLY.withCache(CacheMode.WRITEBACK);
    assertRefused(Path.of("/proc/self/mem"), cached, "proc");
    assertRefused(Path.of("/proc/self/maps"), cached, "proc");
    assertRefused(Path.of("/sys/kernel/uevent_seqnum"), cached, "sysfs");
    // A link of /proc is followed to a file like any other.
    assertRefused(Path.of("/proc/self/cwd"), cached, "directory");
  }

  @Test
  void aZeroCharacterDoesNotHideTheRestOfAPath() throws Exception {
    String hidden = sized(SIZE) + "\0/elsewhere";
    assertThatThrownBy(() -> RawImage.open(hidden, ImageOptions.WRITABLE))
        .isInstanceOf(PlatterException.class)
        .hasMessageContaining("zero character");
  }

  @Test
  void aFileThatReplacesTheImageIsNotTakenForIt() throws Exception {
    Path path = sized(SIZE);
    try (RawImage image = RawImage.open(path.toString(), ImageOptions.WRITABLE)) {
      long inode = image.facts().inode();
      Path other = Files.write(directory.resolve("other"), new byte[512]);
      Files.move(other, path, StandardCopyOption.REPLACE_EXISTING);
      image.checkForResize();
      assertThat(image.sizeBytes()).isEqualTo(SIZE);
      assertThat(image.facts().inode()).isEqualTo(inode);
    }
    assertThat(path).hasSize(512);
  }

  @Test
  void aReadOnlyFileIsNotOpenedForWriting() throws Exception {
    Path path = sized(SIZE);
    assertThat(path.toFile().setReadOnly()).isTrue();
    assumeFalse(Files.isWritable(path), "root may write everything");
    assertRefused(path, ImageOptions.WRITABLE, "permission denied for writing");
    RawImage.open(path.toString(), ImageOptions.READ_ONLY).close();
  }

  @Test
  void aWriterIsAloneAndReadersShare() throws Exception {
    String path = TestDisk.randomFile(directory, SIZE).toString();
    RawImage writer = RawImage.open(path, ImageOptions.WRITABLE);
    assertRefused(Path.of(path), ImageOptions.WRITABLE, "in use by pid");
    assertRefused(Path.of(path), ImageOptions.READ_ONLY, "in use by pid");
    writer.close();
    writer.close();
    try (RawImage first = RawImage.open(path, ImageOptions.READ_ONLY);
        RawImage second = RawImage.open(path, ImageOptions.READ_ONLY)) {
      assertThat(first.sizeBytes()).isEqualTo(second.sizeBytes());
      assertRefused(Path.of(path), ImageOptions.WRITABLE, "in use by pid");
    }
    RawImage.open(path, ImageOptions.WRITABLE).close();
  }

  @Test
  void tellsWhatADeviceMustKnow() throws Exception {
    Path path = TestDisk.randomFile(directory, SIZE);
    try (RawImage image = RawImage.open(path.toString(), ImageOptions.WRITABLE)) {
      assertThat(image.sizeBytes()).isEqualTo(SIZE);
      assertThat(image.blockSizeBytes()).isGreaterThanOrEqualTo(512);
      assertThat(image.readOnly()).isFalse();
      assertThat(image.writeCache()).isTrue();
      assertThat(image.path()).isEqualTo(path.toString());
      assertThat(image.memoryAlignmentBytes()).isPositive();
    }
    try (RawImage image =
        RawImage.open(path.toString(), ImageOptions.READ_ONLY.withCache(CacheMode.WRITEBACK))) {
      assertThat(image.readOnly()).isTrue();
      assertThat(image.memoryAlignmentBytes()).isEqualTo(1);
      assertThat(image.blockSizeBytes()).isEqualTo(512);
    }
  }

  @Test
  void aChangeOfSizeIsSeenAndTold() throws Exception {
    Path path = TestDisk.randomFile(directory, SIZE);
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE)) {
      List<Long> told = new ArrayList<>();
      disk.image.addResizeListener(told::add);
      disk.image.checkForResize();
      assertThat(told).isEmpty();
      disk.truncate(2 * SIZE);
      disk.image.checkForResize();
      assertThat(disk.image.sizeBytes()).isEqualTo(2 * SIZE);
      disk.truncate(SIZE / 2 + 100);
      disk.image.checkForResize();
      disk.image.checkForResize();
      assertThat(disk.image.sizeBytes() % disk.image.blockSizeBytes()).isZero();
      assertThat(disk.image.sizeBytes()).isBetween(SIZE / 2L - 4096, SIZE / 2L);
      assertThat(told).containsExactly(2L * SIZE, disk.image.sizeBytes());

      int block = disk.image.blockSizeBytes();
      assertThat(disk.write(SIZE / 2 + block, false, disk.memory(block, 0)))
          .as("beyond the new end")
          .isEqualTo(-Errno.EINVAL);
      assertThat(Files.size(path)).isEqualTo(SIZE / 2 + 100);
    }
  }
}
