package dev.platter.emulator.measure.workload;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.measure.workload.Verification.Rule;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageVerifierTest {
  private static final RunIdentity RUN = new RunIdentity(7);
  private static final int SECTOR = SectorPattern.SECTOR;

  @TempDir private Path directory;

  /** An image of which each sector holds the write of this run with that number; 0 is zeroes. */
  private Path imageOf(int... generations) throws IOException {
    byte[] bytes = new byte[generations.length * SECTOR];
    for (int i = 0; i < generations.length; i++) {
      if (generations[i] != 0) {
        write(bytes, i, (long) i * SECTOR, RUN, generations[i]);
      }
    }
    return save(bytes);
  }

  private Path save(byte[] bytes) throws IOException {
    return Files.write(directory.resolve("image"), bytes);
  }

  private static void write(byte[] to, int sector, long offset, RunIdentity run, int generation) {
    SectorPattern.fill(
        MemorySegment.ofArray(to).asSlice((long) sector * SECTOR, SECTOR),
        offset,
        SECTOR,
        run,
        generation);
  }

  private static String wrong(Path image, Rule rule, int... expected) {
    Verification found = ImageVerifier.verify(image, RUN, expected, rule, () -> false);
    return Objects.requireNonNull(Objects.requireNonNull(found.failure()).getMessage());
  }

  @Test
  void whatWasComparedUntilItWasInterruptedIsTold() throws IOException {
    Verification found =
        ImageVerifier.verify(imageOf(1, 2, 3), RUN, new int[] {1, 2, 3}, Rule.EXACT, () -> true);
    assertThat(found.isCutShort()).isTrue();
    assertThat(found.sectors()).isZero();
    assertThat(found.failure()).isNull();
  }

  @Test
  void countsWhatItCompared() throws IOException {
    Verification found =
        ImageVerifier.verify(imageOf(1, 2, 3), RUN, new int[] {1, 0, 3}, Rule.EXACT, () -> false);
    assertThat(found.sectors()).isEqualTo(2);
    assertThat(found.failure()).isNull();
  }

  @Test
  void anOlderWriteIsALostOne() throws IOException {
    assertThat(wrong(imageOf(1, 2, 0), Rule.AT_LEAST, 1, 5, 3))
        .isEqualTo(
            """
            verification failed: 2 of 3 sectors are wrong (2 lost)
              offset 512: lost, holds write 2, expected write 5
              offset 1024: lost, holds zeroes, expected write 3\
            """);
  }

  @Test
  void whatAnotherRunHasWrittenIsStaleHoweverHighItsNumber() throws IOException {
    byte[] bytes = new byte[2 * SECTOR];
    write(bytes, 0, 0, RUN, 5);
    write(bytes, 1, SECTOR, new RunIdentity(0xabcd), 9);
    assertThat(wrong(save(bytes), Rule.AT_LEAST, 5, 6))
        .isEqualTo(
            """
            verification failed: 1 of 2 sectors is wrong (1 stale)
              offset 512: stale, holds write 9 of run 000000000000abcd, expected write 6\
            """);
  }

  @Test
  void aWriteToAnotherPlaceIsFoundAlsoWhereNothingIsExpected() throws IOException {
    byte[] bytes = new byte[2 * SECTOR];
    write(bytes, 0, 4096, RUN, 5);
    write(bytes, 1, 8192, RUN, 6);
    assertThat(wrong(save(bytes), Rule.AT_LEAST, 5, 0))
        .isEqualTo(
            """
            verification failed: 2 of 2 sectors are wrong (2 misplaced)
              offset 0: misplaced, holds write 5 to offset 4096, expected write 5
              offset 512: misplaced, holds write 6 to offset 8192\
            """);
  }

  @Test
  void mixedDamagedAndForeignSectorsAreToldApart() throws IOException {
    byte[] bytes = new byte[4 * SECTOR];
    write(bytes, 0, 0, RUN, 5);
    bytes[300] ^= 1;
    bytes[SECTOR + 100] = 1;
    write(bytes, 2, 2 * SECTOR, RUN, 5);
    Arrays.fill(bytes, 2 * SECTOR, 2 * SECTOR + 100, (byte) 0);
    System.arraycopy("PLATTERP".getBytes(US_ASCII), 0, bytes, 3 * SECTOR, 8);
    assertThat(wrong(save(bytes), Rule.EXACT, 5, 5, 5, 5))
        .isEqualTo(
            """
            verification failed: 4 of 4 sectors are wrong (1 stale, 2 torn, 1 foreign)
              offset 0: torn, holds a part of a write, expected write 5
              offset 512: foreign, holds data of no run, expected write 5
              offset 1024: torn, holds a part of a write, expected write 5
              offset 1536: stale, holds a write of an earlier Platter, expected write 5\
            """);
  }

  @Test
  void sectorsBeyondTheEndOfACutImageAreLost() throws IOException {
    assertThat(wrong(imageOf(1), Rule.AT_LEAST, 1, 0, 2))
        .contains("1 of 2 sectors is wrong (1 lost)\n  offset 1024: lost, is beyond the image's");
  }

  @Test
  void aLaterWriteIsFineAfterACrashButNotOtherwise() throws IOException {
    Path image = imageOf(9);
    assertThat(
            ImageVerifier.verify(image, RUN, new int[] {5}, Rule.AT_LEAST, () -> false).failure())
        .isNull();
    assertThat(wrong(image, Rule.EXACT, 5))
        .endsWith("  offset 0: unacknowledged, holds write 9, expected write 5");
  }

  @Test
  void manyWrongSectorsAreCountedAndTheFirstAreShown() throws IOException {
    assertThat(wrong(imageOf(new int[2000]), Rule.EXACT, IntStream.rangeClosed(1, 2000).toArray()))
        .startsWith("verification failed: 2,000 of 2,000 sectors are wrong (2,000 lost)\n")
        .hasLineCount(7)
        .endsWith("\n  and 1,995 more");
  }

  @Test
  void withAnyRunAWholeWriteToItsPlaceIsAllThatIsAsked() {
    byte[] bytes = new byte[3 * SECTOR];
    write(bytes, 0, 0, new RunIdentity(1), 5);
    write(bytes, 1, 0, new RunIdentity(1), 5);
    Verification found = new Verification(RUN, Rule.ANY_RUN);
    for (int at = 0; at < bytes.length; at += SECTOR) {
      found.check(MemorySegment.ofArray(bytes), at, at, 0);
    }
    assertThat(found.sectors()).isEqualTo(3);
    assertThat(found.wrong(SectorFault.MISPLACED)).isOne();
    assertThat(found.wrong(SectorFault.LOST)).isOne();
    assertThat(found.wrong()).isEqualTo(2);
  }
}
