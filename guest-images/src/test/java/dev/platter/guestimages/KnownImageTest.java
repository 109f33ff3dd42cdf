package dev.platter.guestimages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KnownImageTest {
  private static final long SIZE = 3 * (1L << 20) + 4096;

  @TempDir Path directory;

  /** SplitMix64 is what the JDK's SplittableRandom computes: an implementation that is not ours. */
  @Test
  void patternIsTheSplitMixSequence() {
    ByteBuffer buffer = ByteBuffer.allocate(80);
    KnownPattern.fill(buffer, 42, 0);
    SplittableRandom random = new SplittableRandom(42);
    buffer.flip().order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining()) {
      assertThat(buffer.getLong()).isEqualTo(random.nextLong());
    }
  }

  @Test
  void patternDoesNotDependOnWhereFillingBegins() {
    ByteBuffer whole = ByteBuffer.allocate(4096);
    KnownPattern.fill(whole, 7, 1 << 20);
    ByteBuffer part = ByteBuffer.allocate(512);
    KnownPattern.fill(part, 7, (1 << 20) + 1024);
    assertThat(part.flip()).isEqualTo(whole.slice(1024, 512));
  }

  @Test
  void aNewImageHoldsWhatItsManifestSays() {
    Path image = directory.resolve("image");
    KnownImage.Manifest made = KnownImage.create(image, SIZE, 5);
    assertThat(image).hasSize(SIZE);
    assertThat(made.sha256()).hasSize(4).doesNotHaveDuplicates();
    assertThat(made).isEqualTo(KnownImage.Manifest.ofPattern(5, SIZE));
    assertThat(KnownImage.check(image, made)).isEmpty();
    assertThat(KnownImage.check(image, KnownImage.Manifest.ofPattern(6, SIZE)))
        .containsExactly(0, 1, 2, 3);
  }

  @Test
  void theHashOfAWholeFileIsThatOfItsBytes() throws IOException {
    Path image = directory.resolve("image");
    KnownImage.create(image, SIZE, 5);
    assertThat(KnownPattern.sha256(5, SIZE)).isEqualTo(Hashes.ofFile(image));
  }

  @Test
  void oneChangedByteShowsInItsMib() throws IOException {
    Path image = directory.resolve("image");
    KnownImage.Manifest manifest = KnownImage.create(image, SIZE, 5);
    try (FileChannel channel = FileChannel.open(image, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {0x55}), (2L << 20) + 77);
    }
    assertThat(KnownImage.check(image, manifest)).containsExactly(2);
  }

  @Test
  void aShorterImageDiffersWhereItEnds() throws IOException {
    Path image = directory.resolve("image");
    KnownImage.Manifest manifest = KnownImage.create(image, SIZE, 5);
    try (FileChannel channel = FileChannel.open(image, StandardOpenOption.WRITE)) {
      channel.truncate(2L << 20);
    }
    assertThat(KnownImage.check(image, manifest)).containsExactly(2, 3);
  }

  @Test
  void manifestsSurviveAFile() throws IOException {
    Path file = directory.resolve("manifest");
    KnownImage.Manifest manifest = KnownImage.Manifest.ofPattern(1, SIZE);
    manifest.write(file);
    assertThat(KnownImage.Manifest.read(file)).isEqualTo(manifest);
    Files.writeString(file, "platter-image-manifest/1 1048576\nnohash\n");
    assertThatThrownBy(() -> KnownImage.Manifest.read(file))
        .isInstanceOfSatisfying(
            GuestImageException.class,
            e -> assertThat(e.kind()).isEqualTo(GuestImageException.Kind.BAD_INPUT));
  }

  @Test
  void anExistingImageIsNotOverwritten() throws IOException {
    Path image = Files.writeString(directory.resolve("image"), "mine");
    assertThatThrownBy(() -> KnownImage.create(image, SIZE, 5))
        .isInstanceOf(GuestImageException.class);
    assertThat(image).hasContent("mine");
  }
}
