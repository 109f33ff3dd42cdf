package dev.platter.emulator.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A root directory with as much of a host as a test needs. */
record FakeHost(Path root) {
  FakeHost with(String path, String content) throws IOException {
    Path file = root.resolve(path.substring(1));
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
    return this;
  }

  HostFiles files() {
    return new HostFiles(root);
  }

  /** The line of a name, which must be the only one. */
  DoctorLine line(DoctorCheck check, String name) {
    List<DoctorLine> found =
        check.run(files()).stream().filter(line -> line.name().equals(name)).toList();
    if (found.size() != 1) {
      throw new AssertionError("not one line " + name + ": " + found);
    }
    return found.getFirst();
  }
}
