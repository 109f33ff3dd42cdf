package dev.platter.emulator.report;

import java.util.ArrayList;
import java.util.List;

/**
 * A table in plain text: a heading line, then rows, columns two spaces apart. Text goes to the left
 * of its column and numbers to the right.
 *
 * <pre>{@code
 * TextTable table = new TextTable().left("device").right("p50 us");
 * table.row("ahci", "67.3");
 * out.print(table.render());
 * }</pre>
 */
public final class TextTable {
  private static final String GAP = "  ";

  private final List<String> headings = new ArrayList<>();
  private final List<Boolean> rightAligned = new ArrayList<>();
  private final List<List<String>> rows = new ArrayList<>();

  /** Adds a column of text. */
  public TextTable left(String heading) {
    return column(heading, false);
  }

  /** Adds a column of numbers. */
  public TextTable right(String heading) {
    return column(heading, true);
  }

  private TextTable column(String heading, boolean right) {
    if (!rows.isEmpty()) {
      throw new IllegalStateException("the table has rows already");
    }
    headings.add(heading);
    rightAligned.add(right);
    return this;
  }

  /**
   * Adds a row.
   *
   * @param cells one for each column
   */
  public TextTable row(String... cells) {
    return row(List.of(cells));
  }

  /**
   * Adds a row.
   *
   * @param cells one for each column
   */
  public TextTable row(List<String> cells) {
    if (cells.size() != headings.size()) {
      throw new IllegalArgumentException(
          cells.size() + " cells for " + headings.size() + " columns");
    }
    rows.add(List.copyOf(cells));
    return this;
  }

  /** The whole table; every line ends in a newline and has no trailing spaces. */
  public String render() {
    int[] widths = new int[headings.size()];
    measure(headings, widths);
    rows.forEach(row -> measure(row, widths));
    StringBuilder text = new StringBuilder();
    line(headings, widths, text);
    rows.forEach(row -> line(row, widths, text));
    return text.toString();
  }

  private static void measure(List<String> cells, int[] widths) {
    for (int i = 0; i < widths.length; i++) {
      widths[i] = Math.max(widths[i], cells.get(i).length());
    }
  }

  private void line(List<String> cells, int[] widths, StringBuilder text) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < widths.length; i++) {
      String cell = cells.get(i);
      String padding = " ".repeat(widths[i] - cell.length());
      line.append(i == 0 ? "" : GAP);
      line.append(rightAligned.get(i) ? padding + cell : cell + padding);
    }
    text.append(line.toString().stripTrailing()).append('\n');
  }
}
