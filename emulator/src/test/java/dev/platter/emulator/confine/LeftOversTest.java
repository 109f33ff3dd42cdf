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

  /** Of a process that was killed, and only of one. */
  @Test
  void theNextProcessRemovesWhatAnotherHasLeft() throws Exception {
    Scratch alive = Scratch.make(directory);
    Path temporary = ConfinementPlan.directoryOf(alive.directory());
    Path left = Files.createTempDirectory(temporary, "platter-");
    Files.createFile(left.resolve("lock"));
    Files.createFile(Files.createDirectory(left.resolve("recording")).resolve("chunk"));
    Path other = Files.createTempDirectory(temporary, "platter-");
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    Files.createFile(elsewhere.resolve("lock"));
    Path link =
        Files.createSymbolicLink(temporary.resolve("platter-" + left.hashCode()), elsewhere);
    Scratch next = Scratch.make(directory);
    assertThat(left).doesNotExist();
    assertThat(other).as("without a lock, it is somebody else's").exists();
    assertThat(elsewhere.resolve("lock")).exists();
    assertThat(alive.directory().resolve("lock")).exists();
    Files.delete(link);
    Files.delete(other);
    alive.remove();
    next.remove();
  }

  @Test
  void theScratchDirectoryIsFreshAndGoesWithAllInIt() throws Exception {
    Scratch one = Scratch.make(directory);
    Scratch two = Scratch.make(directory);
    assertThat(one.directory()).isNotEqualTo(two.directory());
    assertThat(one.directory().toFile().list()).containsExactly("lock");
    Files.createDirectory(one.directory().resolve("recording"));
    Files.createFile(one.directory().resolve("recording/chunk"));
    one.remove();
    two.remove();
    two.remove();
    assertThat(one.directory()).doesNotExist();
    assertThat(two.directory()).doesNotExist();
  }
}
