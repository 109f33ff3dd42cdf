package dev.platter.testcontainers;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

/**
 * A directory of the host that only this user can enter, with sockets and scratch images. Its path
 * is known before it is there, and it can be made again after it was removed.
 */
final class PrivateFiles {
  private final Path directory;
  private final Map<Path, Long> scratch = new LinkedHashMap<>();

  private PrivateFiles(Path directory) {
    this.directory = directory;
  }

  /** One that is not there yet. A socket's path must be short, and so is its. */
  static PrivateFiles unmade() {
    String name = "platter-" + UUID.randomUUID().toString().substring(0, 18);
    return new PrivateFiles(
        Path.of(System.getProperty("java.io.tmpdir")).toAbsolutePath().resolve(name));
  }

  /** Where sockets go. */
  Path sockets() {
    return directory.resolve("sockets");
  }

  /** A file of zeros to be made with the directory. */
  Path scratch(String name, long bytes) {
    if (bytes <= 0 || bytes % 512 != 0) {
      throw new IllegalArgumentException(
          "a disk of " + bytes + " bytes: it must be a multiple of 512");
    }
    Path file = directory.resolve(name + ".img");
    scratch.put(file, bytes);
    return file;
  }

  /** Makes what is not there. */
  void make() {
    var onlyMine =
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    try {
      if (Files.notExists(directory)) {
        Files.createDirectory(directory, onlyMine);
        Files.createDirectory(sockets(), onlyMine);
      }
      for (var file : scratch.entrySet()) {
        try (RandomAccessFile image = new RandomAccessFile(file.getKey().toFile(), "rw")) {
          image.setLength(file.getValue());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot make " + directory, e);
    }
  }

  /** UID:GID of whoever made it. */
  String owner() {
    make();
    try {
      return Files.getAttribute(directory, "unix:uid")
          + ":"
          + Files.getAttribute(directory, "unix:gid");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Removes it, if it is there. */
  void remove() {
    if (Files.notExists(directory)) {
      return;
    }
    try (var found = Files.walk(directory)) {
      for (Path file : found.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot remove " + directory, e);
    }
  }
}
