package dev.platter.emulator.server.confine;

import dev.platter.aio.abi.LandlockAbi;
import dev.platter.aio.file.LifeLock;
import dev.platter.aio.sys.Libc;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A fresh directory that a confined process has to itself, for the flight recorder, which does not
 * start without one. The first JVM makes it, the second removes it; if that is killed, the next
 * process that makes one does.
 *
 * @param directory its mode lets no other user in
 * @param lock the descriptor that tells others that this process lives, to be handed on; or -1
 */
record ScratchDirectory(Path directory, int lock) {
  private static final String PROPERTY = "platter.scratch";
  private static final String PREFIX = "platter-confined-";
  private static final String LOCK = "lock";
  private static final int NO_LOCK = -1;
  private static final int TRIES = 100;

  /**
   * Makes a directory among the temporary files, or elsewhere if that fails.
   *
   * @throws IOException if it cannot be there either
   */
  static ScratchDirectory make(Path otherwise) throws IOException {
    try {
      return makeIn(Path.of(System.getProperty("java.io.tmpdir")), PREFIX);
    } catch (IOException e) {
      return makeIn(otherwise, "." + PREFIX);
    }
  }

  static ScratchDirectory makeIn(Path around, String prefix) throws IOException {
    for (int i = 0; i < TRIES; i++) {
      Path directory = Files.createTempDirectory(around, prefix);
      try {
        ScratchDirectory made =
            new ScratchDirectory(directory.toRealPath(), lock(directory.resolve(LOCK)));
        removeLeft(made.directory, prefix);
        return made;
      } catch (NoSuchFileException e) {
        // Another process has found it before it was locked, and has removed it as a left-over.
      } catch (IOException e) {
        Files.deleteIfExists(directory);
        throw e;
      }
    }
    throw new IOException("each new directory in " + around + " is removed at once");
  }

  private static int lock(Path file) throws IOException {
    try {
      return LifeLock.make(file);
    } catch (NoSuchFileException e) {
      throw e; // it is being removed
    } catch (IOException e) {
      if (Files.exists(file)) {
        return NO_LOCK; // its file system has no locks: if this process is killed, the directory
        // stays
      }
      throw e;
    }
  }

  /** Removes directories that killed processes of the same user have left beside it. */
  private static void removeLeft(Path own, String prefix) {
    try (DirectoryStream<Path> all =
        Files.newDirectoryStream(ConfinementPlan.directoryOf(own), prefix + "*")) {
      Object user = Files.getAttribute(own, "unix:uid");
      for (Path each : all) {
        if (Files.isDirectory(each, LinkOption.NOFOLLOW_LINKS)
            && user.equals(Files.getAttribute(each, "unix:uid", LinkOption.NOFOLLOW_LINKS))) {
          removeIfLeft(each);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // Left-overs among temporary files do no harm.
    }
  }

  private static void removeIfLeft(Path directory) throws IOException {
    Path lock = directory.resolve(LOCK);
    int taken = LifeLock.takeOver(lock);
    if (taken >= 0) {
      new ScratchDirectory(directory, NO_LOCK).remove();
      Libc.close(taken);
    } else if (!Files.exists(lock)) {
      try {
        Files.delete(directory); // only if it is empty: its maker had no time for the lock
      } catch (DirectoryNotEmptyException | NoSuchFileException e) {
        // Locked meanwhile, not made by Platter, or removed by another process.
      }
    }
  }

  /** That of this process, the second; null if it has none. */
  static @Nullable ScratchDirectory own() {
    String directory = System.getProperty(PROPERTY);
    return directory == null ? null : new ScratchDirectory(Path.of(directory), NO_LOCK);
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

  /** Removes what is in it, then the lock, then the directory, as far as that goes. */
  void remove() {
    Path lock = directory.resolve(LOCK);
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        if (!path.equals(lock) && !path.equals(directory)) {
          Files.deleteIfExists(path);
        }
      }
      Files.deleteIfExists(lock);
      Files.deleteIfExists(directory);
    } catch (IOException | UncheckedIOException e) {
      // Left-overs among temporary files do no harm.
    }
  }
}
