package dev.platter.emulator.confine;

import dev.platter.aio.abi.LandlockAbi;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A fresh directory that a confined process has to itself, for the flight recorder, which does not
 * start without one. The first JVM makes it, the second removes it.
 *
 * @param directory nobody else may look into it
 */
record Scratch(Path directory) {
  private static final String PROPERTY = "platter.scratch";
  private static final String PREFIX = "platter-";

  /**
   * Makes one among the temporary files, or where that cannot be, elsewhere.
   *
   * @throws IOException if it cannot be there either
   */
  static Scratch make(Path otherwise) throws IOException {
    Path directory;
    try {
      directory = Files.createTempDirectory(PREFIX);
    } catch (IOException e) {
      directory = Files.createTempDirectory(otherwise, "." + PREFIX);
    }
    return new Scratch(directory.toRealPath());
  }

  /** That of this process, the second; null if it has none. */
  static @Nullable Scratch own() {
    String directory = System.getProperty(PROPERTY);
    return directory == null ? null : new Scratch(Path.of(directory));
  }

  /** What tells the second JVM of it. */
  List<String> options() {
    return List.of("-D" + PROPERTY + "=" + directory, "-Djava.io.tmpdir=" + directory);
  }

  /** All of it, and of the directory around it no more than to remove it. */
  List<PathRule> rules() {
    Path around = ConfinementPlan.directoryOf(directory);
    return List.of(
        PathRule.required(directory, PathRule.SCRATCH),
        PathRule.of(around, LandlockAbi.ACCESS_FS_REMOVE_DIR));
  }

  /** Removes it with all that is in it, as far as that goes. */
  void remove() {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      // Left-overs among temporary files harm nobody.
    }
  }
}
