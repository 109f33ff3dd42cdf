package dev.platter.emulator.cli.guest;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.IoReason;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The files of a run.
 *
 * @param directory a directory for sockets, which only its owner may enter
 * @param console the file that gets a copy of the guest's console, or null
 */
record Workspace(Path directory, @Nullable OutputStream console) implements AutoCloseable {
  static Workspace create(@Nullable Path consoleFile) {
    try {
      OutputStream console = consoleFile == null ? null : Files.newOutputStream(consoleFile);
      return new Workspace(Files.createTempDirectory("platter-guest-"), console);
    } catch (IOException e) {
      throw new PlatterException(
          PlatterException.Kind.BAD_INPUT,
          "cannot make files for the run: " + IoReason.of(e),
          null,
          e);
    }
  }

  @Override
  public void close() {
    try (OutputStream _ = console) {
      try (var files = Files.list(directory)) {
        for (Path file : files.toList()) {
          Files.deleteIfExists(file);
        }
      }
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      throw new PlatterException(
          PlatterException.Kind.FAILED,
          "cannot remove " + directory + ": " + IoReason.of(e),
          null,
          e);
    }
  }
}
