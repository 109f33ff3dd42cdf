package dev.platter.emulator.doctor;

import dev.platter.emulator.host.HostFiles;
import java.util.List;

/** Examines one subject. */
public interface DoctorCheck {
  /** The heading of its lines; neighbouring checks with the same heading share it. */
  String title();

  /**
   * Examines the host.
   *
   * @param files the host's files
   * @return the findings; may be empty
   */
  List<DoctorLine> run(HostFiles files);
}
