package dev.platter.emulator.doctor;

import dev.platter.emulator.host.FakeHost;
import java.util.List;

/** What a check says of a host that a test plays. */
final class FoundLine {
  private FoundLine() {}

  /** The line of a name, which must be the only one. */
  static DoctorLine of(FakeHost host, DoctorCheck check, String name) {
    List<DoctorLine> found =
        check.run(host.files()).stream().filter(line -> line.name().equals(name)).toList();
    if (found.size() != 1) {
      throw new AssertionError("not one line " + name + ": " + found);
    }
    return found.getFirst();
  }
}
