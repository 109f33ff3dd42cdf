package dev.platter.guestimages;

import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Directories that appear complete or not at all. Each is filled under another name and then moved
 * to its place. Of two processes that fill the same directory, the first wins and the other's work
 * is dropped.
 */
final class Cache {
  /** Fills a directory. */
  interface Filler {
    void fill(Path directory) throws IOException;
  }

  private final Path root;

  Cache(Path root) {
    this.root = root.toAbsolutePath();
  }

  /** {@code $XDG_CACHE_HOME/platter/guest}, by default below {@code ~/.cache}. */
  static Path defaultDirectory() {
    @Nullable String base = System.getenv("XDG_CACHE_HOME");
    // The XDG base directory specification: a relative path is to be ignored.
    Path cache =
        base != null && base.startsWith("/")
            ? Path.of(base)
            : Path.of(System.getProperty("user.home"), ".cache");
    return cache.resolve("platter").resolve("guest");
  }

  Path root() {
    return root;
  }

  /** The directory of this name, filled now if there is none. */
  Path directory(String name, Filler filler) {
    Path place = root.resolve(name);
    if (Files.isDirectory(place)) {
      return place;
    }
    try {
      Path work = newWorkDirectory();
      try {
        filler.fill(work);
        moveInto(work, place);
      } finally {
        deleteTree(work);
      }
    } catch (IOException e) {
      throw GuestImageException.io("making " + place, e);
    }
    return place;
  }

  /** An empty directory on the cache's file system; its maker deletes it. */
  Path newWorkDirectory() throws IOException {
    Files.createDirectories(root);
    return Files.createTempDirectory(root, ".work-");
  }

  private static void moveInto(Path work, Path place) throws IOException {
    try {
      Files.move(work, place, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileAlreadyExistsException | DirectoryNotEmptyException _) {
      // Another process was faster, with the same inputs and so the same contents.
    } catch (AtomicMoveNotSupportedException e) {
      throw e;
    } catch (FileSystemException e) {
      if (!Files.isDirectory(place)) {
        throw e;
      }
    }
  }

  /** Writes a file so that it appears whole. */
  void writeFile(String name, List<String> lines) throws IOException {
    Files.createDirectories(root);
    Path work = Files.createTempFile(root, ".work-", null);
    try {
      Files.write(work, lines);
      Files.move(work, root.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(work);
    }
  }

  static void deleteTree(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> tree = Files.walk(directory)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
