package dev.platter.emulator.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.NullMarked;

/** A root directory with as much of a host as a test needs. */
@NullMarked
public record FakeHost(Path root) {
  /** Adds a file, {@code path} being absolute on that host. */
  public FakeHost with(String path, String content) throws IOException {
    Path file = root.resolve(path.substring(1));
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
    return this;
  }

  /** What a check looks at. */
  public HostFiles files() {
    return new HostFiles(root);
  }
}
