package dev.platter.devices.block.image;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.file.FileFacts;
import dev.platter.aio.file.FileHandle;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import dev.platter.devices.block.image.DirectWrites.PuntedWrites;
import dev.platter.devices.block.image.ImageInfo.Allocation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class ImageInspectorTest {
  private static final int MIB = 1 << 20;
  private static final int BLOCK = 4096;

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({
    "OFF, SPARSE, ALL",
    "FALLOC, UNWRITTEN, EDGES",
    "FALLOC_KEEP_SIZE, UNWRITTEN, EDGES",
    "FULL, WRITTEN, NONE",
  })
  void tellsHowAnImageIsStored(Preallocation mode, Allocation allocation, PuntedWrites verdict) {
    ImageInfo info = inspect(create(mode, 4 * MIB));
    assertThat(info.facts().sizeBytes()).isEqualTo(4 * MIB);
    assertThat(info.facts().type()).isEqualTo(FileFacts.Type.REGULAR);
    assertThat(info.lockHolders()).isEmpty();
    assertThat(info.unusable()).isEmpty();

    assumeExt4(info);
    assertThat(info.allocation()).isEqualTo(allocation);
    if (info.extents().orElseThrow().count() <= 1) { // a fragmented disk: EDGES for NONE
      assertThat(info.directWrites().verdict()).isEqualTo(verdict);
    }
    assertThat(info.direct().orElseThrow().offsetAlignmentBytes()).isBetween(512, BLOCK);
  }

  @Test
  void addsUpWhatIsPartlyWritten() throws IOException {
    Path image = create(Preallocation.FALLOC, 4 * MIB);
    write(image, MIB, MIB);
    ImageInfo info = inspect(image);
    assumeExt4(info);
    Extents extents = info.extents().orElseThrow();
    assertThat(extents.writtenBytes()).isEqualTo(MIB);
    assertThat(extents.unwrittenBytes()).isEqualTo(3 * MIB);
    assertThat(extents.holeBytes()).isZero();
    assertThat(extents.count()).isGreaterThanOrEqualTo(3);
    assertThat(info.allocation()).isEqualTo(Allocation.PARTLY_WRITTEN);

    Path sparse = directory.resolve("sparse.img");
    ImageCreator.create(sparse.toString(), 4 * MIB, Preallocation.OFF, false, n -> {});
    write(sparse, 2 * MIB, BLOCK);
    Extents holes = inspect(sparse).extents().orElseThrow();
    assertThat(holes.writtenBytes()).isEqualTo(BLOCK);
    assertThat(holes.holeBytes()).isEqualTo(4 * MIB - BLOCK);
    assertThat(inspect(sparse).allocation()).isEqualTo(Allocation.PARTLY_SPARSE);
  }

  @Test
  void readsMoreExtentsThanFitOneAnswer() throws IOException {
    Path image = create(Preallocation.OFF, 4 * MIB);
    int pieces = 400;
    for (int i = 0; i < pieces; i++) {
      write(image, 2L * i * BLOCK, BLOCK);
    }
    ImageInfo info = inspect(image);
    assumeExt4(info);
    assertThat(info.extents().orElseThrow().count()).isEqualTo(pieces);
    assertThat(info.extents().orElseThrow().writtenBytes()).isEqualTo((long) pieces * BLOCK);
  }

  @Test
  void tellsOfSpaceBeyondTheEnd() {
    Path image = create(Preallocation.FALLOC, 4 * MIB);
    try (FileHandle file = FileHandle.open(image.toString(), true, false)) {
      int result = Libc.fallocate(file.fd(), LinuxAbi.FALLOC_FL_KEEP_SIZE, 8L * MIB, MIB);
      assumeTrue(result == 0);
    }
    ImageInfo info = inspect(image);
    assumeExt4(info);
    assertThat(info.extents().orElseThrow().beyondEndBytes()).isEqualTo(MIB);
    assertThat(info.extents().orElseThrow().unwrittenBytes()).isEqualTo(4 * MIB);
  }

  /** What io_uring's inline attempt would do, for each kind of place that the rule knows. */
  @Test
  void theForecastIsWhatTheKernelDoes() throws IOException {
    Path sparse = create(Preallocation.OFF, 4 * MIB);
    ImageInfo info = inspect(sparse);
    assumeExt4(info);
    assumeTrue(info.direct().isPresent());
    assertThat(info.directWrites().verdict()).isEqualTo(PuntedWrites.ALL);
    assertThat(writtenInline(sparse, MIB, BLOCK)).as("a hole").isFalse();

    Path falloc = directory.resolve("falloc.img");
    ImageCreator.create(falloc.toString(), 4 * MIB, Preallocation.FALLOC, false, n -> {});
    assumeTrue(inspect(falloc).directWrites().verdict() == PuntedWrites.EDGES, "an old kernel");
    assertThat(writtenInline(falloc, MIB, 2 * BLOCK)).as("unwritten, whole blocks").isTrue();
    assertThat(writtenInline(falloc, MIB - BLOCK, 2 * BLOCK)).as("across a border").isFalse();
    assertThat(writtenInline(falloc, MIB, BLOCK)).as("again").isTrue();
    assertThat(writtenInline(falloc, 4 * MIB, BLOCK)).as("extending").isFalse();
    if (info.direct().get().offsetAlignmentBytes() == 512) {
      assertThat(writtenInline(falloc, 2 * MIB + 512, 512)).as("part of a block").isFalse();
      assertThat(writtenInline(falloc, MIB + 512, 512)).as("part of a written block").isTrue();
    }

    Path keepSize = directory.resolve("keep-size.img");
    ImageCreator.create(
        keepSize.toString(), 4 * MIB, Preallocation.FALLOC_KEEP_SIZE, false, n -> {});
    assertThat(writtenInline(keepSize, MIB, 2 * BLOCK)).as("KEEP_SIZE, then sized").isTrue();
  }

  @Test
  void namesWhoHasItLocked() {
    Path image = create(Preallocation.OFF, MIB);
    try (FileHandle writer = FileHandle.open(image.toString(), true, false)) {
      writer.lock(true);
      assertThat(inspect(image).lockHolders())
          .singleElement()
          .asString()
          .contains("pid " + ProcessHandle.current().pid())
          .contains("write lock");
    }
    assertThat(inspect(image).lockHolders()).isEmpty();
  }

  @Test
  void tellsWhatIsNoDisk() throws IOException {
    Path empty = Files.createFile(directory.resolve("empty"));
    assertThat(inspect(empty).unusable()).hasValueSatisfying(s -> assertThat(s).contains("empty"));
    Path odd = Files.write(directory.resolve("odd"), new byte[700]);
    assertThat(inspect(odd).unusable())
        .hasValueSatisfying(s -> assertThat(s).contains("not a multiple of"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"no-such-file", ".", "fifo", "/dev/null"})
  void refusesWhatIsNoImage(String name) throws Exception {
    Path fifo = directory.resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    assertThatExceptionOfType(PlatterException.class)
        .isThrownBy(() -> inspect(directory.resolve(name)))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT))
        .satisfies(e -> assertThat(e.remedy()).isNotNull())
        .withMessageContaining(directory.resolve(name).toString());
  }

  private Path create(Preallocation mode, long size) {
    Path image = directory.resolve("disk.img");
    ImageCreator.create(image.toString(), size, mode, false, n -> {});
    return image;
  }

  private static ImageInfo inspect(Path path) {
    return ImageInspector.inspect(path.toString());
  }

  private static void assumeExt4(ImageInfo info) {
    assumeTrue(info.facts().filesystem().equals("ext4"), "the rest is known for ext4 only");
  }

  private static void write(Path image, long offset, int length) throws IOException {
    try (FileChannel channel = FileChannel.open(image, StandardOpenOption.WRITE)) {
      ByteBuffer data = ByteBuffer.allocate(length);
      data.put(0, (byte) 1);
      while (data.hasRemaining()) {
        channel.write(data, offset + data.position());
      }
    }
  }

  private static boolean writtenInline(Path image, long offset, int length) {
    try (FileHandle file = FileHandle.open(image.toString(), true, true);
        Arena arena = Arena.ofConfined()) {
      MemorySegment iovec = arena.allocate(LinuxAbi.IOVEC_SIZE, 8);
      MemorySegment data = arena.allocate(length, BLOCK);
      iovec.set(JAVA_LONG, LinuxAbi.IOVEC_BASE, data.address());
      iovec.set(JAVA_LONG, LinuxAbi.IOVEC_LEN, length);
      long result = Libc.pwritev2(file.fd(), iovec.address(), 1, offset, LinuxAbi.RWF_NOWAIT);
      assertThat(result).isIn((long) length, (long) -Errno.EAGAIN);
      return result >= 0;
    }
  }
}
