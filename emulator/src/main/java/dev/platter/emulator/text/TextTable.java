package dev.platter.emulator.text;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A table in plain text: a heading line, then rows, columns two spaces apart. Text goes to the left
 * of its column and numbers to the right. Where the table is wider than the terminal, it leaves out
 * the less important columns; if it is still wider, it continues below, with its first columns
 * repeated.
 *
 * <pre>{@code
 * TextTable table = new TextTable().left("device").right("p50 us").right("max us", 1);
 * table.row("ahci", "67.3", "1,204");
 * out.print(table.render(80));
 * }</pre>
 */
public final class TextTable {
  /** A width at which no column is left out. */
  public static final int WIDE = Integer.MAX_VALUE;

  private static final String GAP = "  ";

  /**
   * A column.
   *
   * @param right whether cells are aligned to the right
   * @param rank columns with the highest rank are left out first; rank 0 never is
   */
  private record Column(String heading, boolean right, int rank) {}

  private final List<Column> columns = new ArrayList<>();
  private final List<List<String>> rows = new ArrayList<>();
  private int keys = 1;

  /** Adds a column of text. */
  public TextTable left(String heading) {
    return left(heading, 0);
  }

  /** Adds a column of numbers. */
  public TextTable right(String heading) {
    return right(heading, 0);
  }

  /** Adds a column of text that may be left out; columns of higher rank are left out earlier. */
  public TextTable left(String heading, int rank) {
    return column(new Column(heading, false, rank));
  }

  /** Adds a column of numbers that may be left out; columns of higher rank are left out earlier. */
  public TextTable right(String heading, int rank) {
    return column(new Column(heading, true, rank));
  }

  private TextTable column(Column column) {
    if (!rows.isEmpty()) {
      throw new IllegalStateException("the table has rows already");
    }
    columns.add(column);
    return this;
  }

  /** Sets how many of the first columns name a row; by default one. */
  public TextTable keys(int count) {
    keys = count;
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
    if (cells.size() != columns.size()) {
      throw new IllegalArgumentException(
          cells.size() + " cells for " + columns.size() + " columns");
    }
    rows.add(List.copyOf(cells));
    return this;
  }

  /** The whole table; every line ends in a newline and has no trailing spaces. */
  public String render() {
    return render(WIDE);
  }

  /**
   * The table in a given width.
   *
   * @param width how many characters a line may have; {@link #WIDE} for all columns
   */
  public String render(int width) {
    List<Integer> shown = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      shown.add(i);
    }
    while (width(shown) > width && shown.stream().anyMatch(i -> columns.get(i).rank() > 0)) {
      shown.remove(
          (Object)
              shown.stream()
                  .max(Comparator.comparingInt(i -> columns.get(i).rank()))
                  .orElseThrow());
    }
    StringBuilder text = new StringBuilder();
    List<Integer> key = shown.subList(0, Math.min(keys, shown.size()));
    List<Integer> part = new ArrayList<>(key);
    for (int i : shown.subList(key.size(), shown.size())) {
      part.add(i);
      if (width(part) > width && part.size() > key.size() + 1) {
        part.removeLast();
        append(part, text);
        text.append('\n');
        part = new ArrayList<>(key);
        part.add(i);
      }
    }
    append(part, text);
    return text.toString();
  }

  private int width(List<Integer> shown) {
    int width = (shown.size() - 1) * GAP.length();
    for (int i : shown) {
      width += width(i);
    }
    return width;
  }

  private int width(int column) {
    return rows.stream()
        .mapToInt(row -> row.get(column).length())
        .reduce(columns.get(column).heading().length(), Math::max);
  }

  private void append(List<Integer> shown, StringBuilder text) {
    line(columns.stream().map(Column::heading).toList(), shown, text);
    rows.forEach(row -> line(row, shown, text));
  }

  private void line(List<String> cells, List<Integer> shown, StringBuilder text) {
    StringBuilder line = new StringBuilder();
    for (int i : shown) {
      String cell = cells.get(i);
      String padding = " ".repeat(width(i) - cell.length());
      line.append(line.isEmpty() && i == shown.getFirst() ? "" : GAP);
      line.append(columns.get(i).right() ? padding + cell : cell + padding);
    }
    text.append(line.toString().stripTrailing()).append('\n');
  }
}
