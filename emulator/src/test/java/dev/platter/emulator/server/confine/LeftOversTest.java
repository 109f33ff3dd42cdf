package dev.platter.emulator.server.confine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.sys.Libc;
import dev.platter.emulator.DeepTree;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
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

  private static final String PREFIX = "platter-confined-";

  private ScratchDirectory make() throws IOException {
    return ScratchDirectory.makeIn(directory, PREFIX);
  }

  private Path half() throws IOException {
    return Files.createTempDirectory(directory, PREFIX);
  }

  /** Of a process that was killed, and only of one. */
  @Test
  void theNextProcessRemovesWhatAnotherHasLeft() throws Exception {
    ScratchDirectory alive = make();
    Path left = half();
    Files.createFile(left.resolve("lock"));
    Files.createFile(Files.createDirectory(left.resolve("recording")).resolve("chunk"));
    Path other = half();
    Path file = Files.createFile(other.resolve("file"));
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    Files.createFile(elsewhere.resolve("lock"));
    Files.createSymbolicLink(directory.resolve(PREFIX + "link"), elsewhere);
    make();
    assertThat(left).doesNotExist();
    assertThat(file).as("without a lock, it is somebody else's").exists();
    assertThat(elsewhere.resolve("lock")).exists();
    assertThat(alive.directory().resolve("lock")).exists();
  }

  /** A process may be killed at any moment: with the directory just made, or its lock. */
  @Test
  void whatIsHalfMadeIsRemoved() throws Exception {
    Path empty = half();
    Path unlocked = half();
    Files.createFile(unlocked.resolve("lock"));
    make();
    assertThat(empty).doesNotExist();
    assertThat(unlocked).doesNotExist();
  }

  /** Nobody who makes one while others remove what they find is left without. */
  @Test
  void aDirectoryThatIsBeingMadeIsNotLost() throws Exception {
    List<CompletableFuture<Void>> processes = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      processes.add(
          CompletableFuture.runAsync(
              () -> {
                for (int round = 0; round < 50; round++) {
                  try {
                    ScratchDirectory made = make();
                    assertThat(made.directory().resolve("lock")).exists();
                    assertThat(made.lock()).isNotNegative();
                    Files.createFile(made.directory().resolve("chunk"));
                    made.remove();
                    Libc.close(made.lock());
                    assertThat(made.directory()).doesNotExist();
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                }
              },
              task -> Thread.ofPlatform().start(task)));
    }
    for (CompletableFuture<Void> process : processes) {
      process.get();
    }
  }

  @Test
  void whatCannotBeWalkedThroughKeepsNoProcessFromStartingOrEnding() throws Exception {
    Path left = half();
    Files.createFile(left.resolve("lock"));
    DeepTree.make(left);
    try {
      make();
      new ScratchDirectory(left, -1).remove();
      assertThat(left).exists();
    } finally {
      DeepTree.part(left);
    }
  }

  @Test
  void theScratchDirectoryIsFreshAndGoesWithAllInIt() throws Exception {
    ScratchDirectory one = ScratchDirectory.make(directory);
    ScratchDirectory two = ScratchDirectory.make(directory);
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
