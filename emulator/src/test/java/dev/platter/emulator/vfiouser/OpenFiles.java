package dev.platter.emulator.vfiouser;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** How many descriptors this process has open. */
final class OpenFiles {
  private OpenFiles() {}

  static long count() {
    try (Stream<Path> fds = Files.list(Path.of("/proc/self/fd"))) {
      return fds.filter(OpenFiles::isOurs).count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The JVM opens archives when it loads a class, whenever that is. */
  private static boolean isOurs(Path fd) {
    try {
      return !Files.readSymbolicLink(fd).toString().endsWith(".jar");
    } catch (IOException e) {
      return false; // closed meanwhile: the one of the listing
    }
  }
}
