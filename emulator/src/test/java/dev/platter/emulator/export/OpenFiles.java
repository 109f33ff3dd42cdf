package dev.platter.emulator.export;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * How many descriptors this process has open, of the kinds that clients bring: sockets, eventfds,
 * memory. The JVM opens and closes files whenever it likes.
 */
public final class OpenFiles {
  private OpenFiles() {}

  /** How many there are now. */
  public static long count() {
    try (Stream<Path> fds = Files.list(Path.of("/proc/self/fd"))) {
      return fds.filter(OpenFiles::isClients).count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isClients(Path fd) {
    try {
      String target = Files.readSymbolicLink(fd).toString();
      return target.startsWith("socket:")
          || target.startsWith("/memfd:")
          || target.equals("anon_inode:[eventfd]");
    } catch (IOException e) {
      return false; // closed meanwhile: the one of the listing
    }
  }
}
