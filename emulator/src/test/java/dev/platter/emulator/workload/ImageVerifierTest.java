package dev.platter.emulator.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageVerifierTest {
  @TempDir private Path directory;

  private Path imageOf(int... generations) throws IOException {
    byte[] bytes = new byte[generations.length * SectorPattern.SECTOR];
    MemorySegment memory = MemorySegment.ofArray(bytes);
    for (int i = 0; i < generations.length; i++) {
      long at = (long) i * SectorPattern.SECTOR;
      SectorPattern.fill(
          memory.asSlice(at, SectorPattern.SECTOR), at, SectorPattern.SECTOR, generations[i]);
    }
    return Files.write(directory.resolve("image"), bytes);
  }

  @Test
  void countsWhatItCompared() throws IOException {
    assertThat(
            ImageVerifier.verify(imageOf(1, 2, 3), new int[] {1, 0, 3}, ImageVerifier.Rule.EXACT))
        .isEqualTo(2);
  }

  @Test
  void aStaleSectorIsNamed() throws IOException {
    Path image = imageOf(1, 2, 3);
    assertThatThrownBy(
            () -> ImageVerifier.verify(image, new int[] {1, 5, 3}, ImageVerifier.Rule.AT_LEAST))
        .isInstanceOf(PlatterException.class)
        .hasMessageContaining("offset 512 holds write 2, expected write 5");
  }

  @Test
  void sectorsBeyondTheEndOfACutImageAreLost() throws IOException {
    Path image = imageOf(1);
    assertThatThrownBy(
            () -> ImageVerifier.verify(image, new int[] {1, 0, 2}, ImageVerifier.Rule.AT_LEAST))
        .isInstanceOf(PlatterException.class)
        .hasMessageContaining("1 of 2 sectors are wrong: offset 1024 is beyond the image's end");
  }

  @Test
  void aLaterWriteIsFineAfterACrashButNotOtherwise() throws IOException {
    Path image = imageOf(9);
    assertThat(ImageVerifier.verify(image, new int[] {5}, ImageVerifier.Rule.AT_LEAST)).isOne();
    assertThatThrownBy(() -> ImageVerifier.verify(image, new int[] {5}, ImageVerifier.Rule.EXACT))
        .isInstanceOf(PlatterException.class);
  }
}
