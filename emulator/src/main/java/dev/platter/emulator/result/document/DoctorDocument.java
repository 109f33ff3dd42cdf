package dev.platter.emulator.result.document;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code platter.doctor/1}.
 *
 * @param problems how many lines are problems
 * @param warnings how many lines are warnings
 */
public record DoctorDocument(
    String schema, String created, long problems, long warnings, List<LineGroup> groups) {
  /** Lines under one heading. */
  public record LineGroup(String title, List<Line> lines) {}

  /**
   * One finding.
   *
   * @param facts the finding for programs, under keys that each check chooses; null if the text
   *     says all
   */
  public record Line(
      String name,
      String status,
      String text,
      @Nullable String remedy,
      @Nullable Map<String, @Nullable Object> facts) {}
}
