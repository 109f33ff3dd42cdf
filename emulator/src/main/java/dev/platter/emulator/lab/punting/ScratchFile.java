package dev.platter.emulator.lab.punting;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.IoReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The path of an experiment's own file. The experiment may make the file in any way; it is removed
 * if it exists.
 */
final class ScratchFile implements AutoCloseable {
  private final Path path;
  private final ExitGuard guard;

  ScratchFile(Path path) {
    this.path = path;
    this.guard = new ExitGuard(this::remove);
  }

  private void remove() {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw new PlatterException(
          PlatterException.Kind.FAILED, "cannot remove " + path + ": " + IoReason.of(e), null, e);
    }
  }

  /** The file's path. */
  Path path() {
    return path;
  }

  /** Removes it. Idempotent. */
  @Override
  public void close() {
    guard.close();
  }
}
