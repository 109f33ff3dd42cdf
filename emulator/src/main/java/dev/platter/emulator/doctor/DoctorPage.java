package dev.platter.emulator.doctor;

import dev.platter.emulator.doctor.DoctorLine.Status;
import java.util.ArrayList;
import java.util.List;

/**
 * The page: for each line its status, its name and its text, at most 80 columns wide on any
 * terminal, because people copy the page.
 */
public final class DoctorPage {
  private static final int WIDTH = 80;
  private static final int NAME_COLUMN = 11;
  private static final int TEXT_COLUMN = NAME_COLUMN + 16;

  private DoctorPage() {}

  /** The page as text; every line ends in a newline and has no trailing spaces. */
  public static String render(DoctorReport report) {
    StringBuilder page = new StringBuilder();
    for (DoctorReport.Group group : report.groups()) {
      page.append(plain(group.title())).append('\n');
      group.lines().forEach(line -> append(line, page));
    }
    return page.append('\n').append(report.verdict()).append('\n').toString();
  }

  private static void append(DoctorLine line, StringBuilder page) {
    String status = line.status() == Status.INFO ? "" : line.status().toString();
    String head = padded(padded("  " + status, NAME_COLUMN) + line.name(), TEXT_COLUMN);
    for (String row : wrap(plain(line.text()))) {
      page.append((head + row).stripTrailing()).append('\n');
      head = " ".repeat(TEXT_COLUMN);
    }
    if (line.remedy() != null) {
      head = " ".repeat(TEXT_COLUMN);
      for (String row : wrap("try: " + plain(line.remedy()))) {
        page.append(head).append(row).append('\n');
      }
    }
  }

  /**
   * Breaks text at blanks. A word that is wider than a line stays whole, so that it can be copied.
   */
  private static List<String> wrap(String text) {
    List<String> rows = new ArrayList<>();
    StringBuilder row = new StringBuilder();
    for (String word : text.split(" ", -1)) {
      if (!row.isEmpty() && row.length() + 1 + word.length() > WIDTH - TEXT_COLUMN) {
        rows.add(row.toString());
        row.setLength(0);
      }
      row.append(row.isEmpty() ? "" : " ").append(word);
    }
    rows.add(row.toString());
    return rows;
  }

  private static String padded(String text, int width) {
    return text + " ".repeat(Math.max(text.isEmpty() ? 0 : 1, width - text.length()));
  }

  /**
   * Removes control characters, since file names and the host's files may hold sequences that move
   * a cursor.
   */
  private static String plain(String text) {
    return text.replaceAll("\\p{Cntrl}", "?");
  }
}
