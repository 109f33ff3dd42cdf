package dev.platter.emulator.doctor;

import dev.platter.emulator.host.HostFiles;
import java.util.List;

/** Looks at one matter. */
public interface DoctorCheck {
  /** The heading of its lines; checks with the same one that follow each other share it. */
  String title();

  /**
   * Looks.
   *
   * @param files the host's files
   * @return what was found; empty if there is nothing to say
   */
  List<DoctorLine> run(HostFiles files);
}
