package dev.platter.devices.block.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.PlatterException;
import dev.platter.aio.PlatterException.Kind;
import dev.platter.aio.file.FileFacts;
import dev.platter.aio.file.FileHandle;
import dev.platter.devices.block.raw.RawImage;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Images that grow while they are open, and what cannot be grown. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class ImageGrowthTest {
  private static final long SIZE = 1 << 20;
  private static final ImageOptions CACHED = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);

  @TempDir private Path directory;

  private Path create(Preallocation preallocation) {
    Path path = directory.resolve("disk.img");
    ImageCreator.create(path.toString(), SIZE, preallocation, false, _ -> {});
    return path;
  }

  private static FileFacts facts(Path path) {
    try (FileHandle file = FileHandle.open(path.toString(), false, false)) {
      return file.facts();
    }
  }

  private static void assertRefused(RawImage image, long bytes, Kind kind, String... parts) {
    long before = facts(Path.of(image.path())).sizeBytes();
    assertThatThrownBy(() -> image.grow(bytes, null))
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(kind);
              assertThat(e).hasMessageContainingAll(parts);
              assertThat(e.remedy()).isNotEmpty();
            });
    assertThat(facts(Path.of(image.path())).sizeBytes()).isEqualTo(before);
  }

  @Test
  void aSparseImageGrowsSparseAndIsSeenToGrow() {
    Path path = create(Preallocation.OFF);
    try (RawImage image = RawImage.open(path.toString(), CACHED)) {
      List<Long> told = new ArrayList<>();
      image.addResizeListener(told::add);
      assertThat(image.grow(8 * SIZE, null)).isEqualTo(Preallocation.OFF);
      assertThat(facts(path).sizeBytes()).isEqualTo(8 * SIZE);
      assertThat(facts(path).allocatedBytes()).isLessThan(SIZE);
      assertThat(told).as("by whoever looks").isEmpty();
      image.checkForResize();
      assertThat(told).containsExactly(8 * SIZE);
      assertThat(image.sizeBytes()).isEqualTo(8 * SIZE);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FALLOC", "FULL"})
  void anImageWithoutHolesHasItsNewSpaceReserved(Preallocation preallocation) throws Exception {
    Path path = create(preallocation);
    assumeTrue(
        facts(path).allocatedBytes() >= SIZE, "this file system does not tell what is allocated");
    byte[] data = {1, 2, 3};
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.write(data);
    }
    try (RawImage image = RawImage.open(path.toString(), CACHED)) {
      assertThat(image.grow(4 * SIZE, null)).isEqualTo(Preallocation.FALLOC);
      assertThat(facts(path).sizeBytes()).isEqualTo(4 * SIZE);
      assertThat(facts(path).allocatedBytes()).isGreaterThanOrEqualTo(4 * SIZE);
      assertThat(image.grow(5 * SIZE, Preallocation.OFF)).isEqualTo(Preallocation.OFF);
      assertThat(facts(path).allocatedBytes()).isLessThan(5 * SIZE);
      assertThat(image.grow(6 * SIZE, null)).as("now it has a hole").isEqualTo(Preallocation.OFF);
    }
    assertThat(Files.readAllBytes(path)).startsWith(data).hasSize((int) (6 * SIZE));
  }

  @Test
  void theSizeThatItHasIsNoChange() {
    Path path = create(Preallocation.OFF);
    try (RawImage image = RawImage.open(path.toString(), CACHED)) {
      image.grow(SIZE, null);
      image.checkForResize();
      assertThat(image.sizeBytes()).isEqualTo(SIZE);
    }
  }

  @Test
  void whatCannotBeIsRefusedAndLeavesTheOldSize() {
    Path path = create(Preallocation.OFF);
    try (RawImage image = RawImage.open(path.toString(), CACHED)) {
      assertRefused(image, SIZE - 512, Kind.BAD_INPUT, "smaller", "1048576 bytes", "cuts an image");
      assertRefused(image, 0, Kind.BAD_INPUT, "smaller");
      assertRefused(image, -512, Kind.BAD_INPUT, "smaller");
      assertRefused(image, SIZE + 100, Kind.BAD_INPUT, "no whole number", "512");
      assertRefused(image, Long.MAX_VALUE & -512, Kind.BAD_INPUT, "can address");
      assertThatThrownBy(() -> image.grow(2 * SIZE, Preallocation.FULL))
          .hasMessageContaining("preallocation full");
    }
    try (RawImage image = RawImage.open(path.toString(), ImageOptions.READ_ONLY)) {
      assertRefused(image, 2 * SIZE, Kind.BAD_INPUT, "open for reading only");
    }
  }

  @Test
  void withoutSpaceItKeepsItsSizeAndTakesNone() {
    Path path = create(Preallocation.OFF);
    try (RawImage image = RawImage.open(path.toString(), CACHED)) {
      long allocated = facts(path).allocatedBytes();
      assertThatThrownBy(() -> image.grow(1L << 55, Preallocation.FALLOC))
          .isInstanceOfSatisfying(
              PlatterException.class,
              e -> {
                assertThat(e.kind()).isIn(Kind.FAILED, Kind.BAD_INPUT); // or too large a file
                assertThat(e).hasMessageContaining("cannot grow " + path);
              });
      assertThat(facts(path).sizeBytes()).isEqualTo(SIZE);
      assertThat(facts(path).allocatedBytes()).isEqualTo(allocated);
    }
  }

  @Test
  void whatSomebodyHasGrownMeanwhileIsNotCutShort() throws Exception {
    Path path = create(Preallocation.OFF);
    try (FileHandle file = FileHandle.open(path.toString(), true, false);
        RandomAccessFile other = new RandomAccessFile(path.toFile(), "rw")) {
      ImageGrowth growth = new ImageGrowth(file, 512, () -> 0);
      other.setLength(8 * SIZE);
      assertThatThrownBy(() -> growth.setSize(SIZE, 4 * SIZE))
          .hasMessageContaining("somebody else has changed its size");
      assertThat(facts(path).sizeBytes()).isEqualTo(8 * SIZE);
    }
  }

  /** Grows the image that its argument names, beyond the limit that its parent has set. */
  static final class BeyondTheLimit {
    private BeyondTheLimit() {}

    /** Runs it. */
    public static void main(String[] args) {
      try (RawImage image = RawImage.open(args[0], CACHED)) {
        image.grow(64 * SIZE, Preallocation.FALLOC);
      } catch (PlatterException e) {
        System.out.println(e.getMessage());
      }
    }
  }

  @Test
  void whatWasReservedIsGivenBackIfTheSizeCannotBeSet() throws Exception {
    Path path = create(Preallocation.OFF);
    long allocated = facts(path).allocatedBytes();
    List<String> command = new ArrayList<>(List.of("env", "--default-signal"));
    command.addAll(List.of("sh", "-c", "ulimit -f 8192; exec \"$@\"", "-"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-XX:-UsePerfData"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(BeyondTheLimit.class.getName(), path.toString()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output).contains("cannot grow " + path, "ulimit -f");
    assertThat(facts(path).sizeBytes()).isEqualTo(SIZE);
    assertThat(facts(path).allocatedBytes()).isEqualTo(allocated);
  }
}
