package dev.platter.emulator.doctor;

import dev.platter.aio.PlatterException;
import dev.platter.aio.PlatterException.Kind;
import dev.platter.emulator.doctor.DoctorLine.Status;
import dev.platter.emulator.result.document.DoctorDocument;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The findings of all checks.
 *
 * @param groups in the order of the page, none of them empty
 */
public record DoctorReport(List<Group> groups) {
  /** The schema of {@link #document}. */
  public static final String SCHEMA = "platter.doctor/1";

  /** Copies the list. */
  public DoctorReport {
    groups = List.copyOf(groups);
  }

  /**
   * Lines under one heading.
   *
   * @param title the heading
   * @param lines at least one
   */
  public record Group(String title, List<DoctorLine> lines) {
    /** Copies the list. */
    public Group {
      lines = List.copyOf(lines);
    }
  }

  /** Collects lines; neighbouring lines with the same title become one group. */
  static final class Builder {
    private final List<String> titles = new ArrayList<>();
    private final List<List<DoctorLine>> lines = new ArrayList<>();

    void add(String title, List<DoctorLine> found) {
      if (found.isEmpty()) {
        return;
      }
      if (titles.isEmpty() || !titles.getLast().equals(title)) {
        titles.add(title);
        lines.add(new ArrayList<>());
      }
      lines.getLast().addAll(found);
    }

    DoctorReport build() {
      List<Group> groups = new ArrayList<>();
      for (int i = 0; i < titles.size(); i++) {
        groups.add(new Group(titles.get(i), lines.get(i)));
      }
      return new DoctorReport(groups);
    }
  }

  /** The lines of a status, in order. */
  List<DoctorLine> lines(Status status) {
    return groups.stream()
        .flatMap(group -> group.lines().stream())
        .filter(line -> line.status() == status)
        .toList();
  }

  /** The verdict for people, in one line. */
  String verdict() {
    int problems = lines(Status.PROBLEM).size();
    int warnings = lines(Status.WARNING).size();
    String told = warnings == 0 ? "" : warnings == 1 ? "1 warning" : warnings + " warnings";
    if (problems > 0) {
      return (problems == 1 ? "1 problem" : problems + " problems")
          + (told.isEmpty() ? "" : " and " + told);
    }
    return "Nothing stops Platter here" + (told.isEmpty() ? "" : "; " + told);
  }

  /**
   * The problems as one failure, with those of the host before those of images; null if there is
   * none.
   */
  public @Nullable PlatterException failure() {
    List<DoctorLine> problems = lines(Status.PROBLEM);
    if (problems.isEmpty()) {
      return null;
    }
    DoctorLine worst =
        problems.stream()
            .filter(line -> line.kind() == Kind.HOST_LACKS)
            .findFirst()
            .orElse(problems.getFirst());
    Kind kind = worst.kind() == null ? Kind.HOST_LACKS : worst.kind();
    return new PlatterException(kind, worst.text(), worst.remedy(), null);
  }

  /**
   * The JSON document.
   *
   * @param created when, as ISO 8601
   */
  public DoctorDocument document(String created) {
    return new DoctorDocument(
        SCHEMA,
        created,
        lines(Status.PROBLEM).size(),
        lines(Status.WARNING).size(),
        groups.stream()
            .map(group ->
                new DoctorDocument.LineGroup(
                    group.title(), group.lines().stream().map(DoctorReport::line).toList()))
            .toList());
  }

  private static DoctorDocument.Line line(DoctorLine line) {
    return new DoctorDocument.Line(
        line.name(),
        line.status().toString(),
        line.text(),
        line.remedy(),
        line.facts().isEmpty() ? null : line.facts());
  }
}
