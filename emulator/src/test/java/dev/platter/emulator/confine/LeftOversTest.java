package dev.platter.emulator.confine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a process that confines itself removes, and what not. */
class LeftOversTest {
  @TempDir private Path directory;

  @Test
  void theFirstJvmsPerformanceDataGoes() throws Exception {
    Path data = Files.createFile(directory.resolve("47"));
    Path other = Files.createFile(directory.resolve("48"));
    Confinement.removePerfData(directory, 47);
    assertThat(data).doesNotExist();
    assertThat(other).exists();
    Confinement.removePerfData(directory, 47);
    Confinement.removePerfData(directory.resolve("none"), 47);
  }

  @Test
  void nothingIsRemovedThroughALink() throws Exception {
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    Path file = Files.createFile(elsewhere.resolve("47"));
    Path link = Files.createSymbolicLink(directory.resolve("link"), elsewhere);
    Confinement.removePerfData(link, 47);
    assertThat(file).exists();
  }

  @Test
  void whatCannotBeRemovedIsNoFailure() throws Exception {
    Path full = Files.createDirectory(directory.resolve("47"));
    Files.createFile(full.resolve("file"));
    Confinement.removePerfData(directory, 47);
    assertThat(full).exists();
  }

  @Test
  void theScratchDirectoryIsFreshAndGoesWithAllInIt() throws Exception {
    Scratch one = Scratch.make(directory);
    Scratch two = Scratch.make(directory);
    assertThat(one.directory()).isNotEqualTo(two.directory()).isEmptyDirectory();
    Files.createDirectory(one.directory().resolve("recording"));
    Files.createFile(one.directory().resolve("recording/chunk"));
    one.remove();
    two.remove();
    two.remove();
    assertThat(one.directory()).doesNotExist();
    assertThat(two.directory()).doesNotExist();
  }
}
