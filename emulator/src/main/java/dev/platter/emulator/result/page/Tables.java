package dev.platter.emulator.result.page;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tables, and figures with their origin. Each figure in a page is a {@code data} element: its value
 * is the document's own, its {@code data-key} says where the document has it.
 */
final class Tables {
  /** What stands where there is no figure. */
  static final String NONE = "–";

  /** What is to be typed and no longer than this is kept on one line. */
  private static final int SHORT = 24;

  // About the width of the page, in the units of Plot.textWidth.
  private static final double MOST_WIDTH = 750;
  private static final double COLUMN_GAP = 13;

  private Tables() {}

  /**
   * Opens a table in a box that scrolls.
   *
   * @param caption what it shows; not shown itself if a heading says it
   */
  static void begin(Markup out, String caption) {
    begin(out, caption, false);
  }

  /**
   * Opens a table in a box that scrolls.
   *
   * @param cards whether each row is a block by itself on wide screens, too: there are more columns
   *     than have room
   */
  static void begin(Markup out, String caption, boolean cards) {
    out.open("div", "class", "scroll", "tabindex", "0", "role", "region", "aria-label", caption);
    out.open("table", "class", cards ? "cards" : null);
  }

  /**
   * Whether columns have no room beside each other where the page is as wide as it gets.
   *
   * @param columns what stands in each, its heading too
   */
  static boolean isTooWide(List<List<String>> columns) {
    double width = 0;
    for (List<String> texts : columns) {
      width += COLUMN_GAP + texts.stream().mapToDouble(Tables::widestWord).max().orElse(0);
    }
    return width > MOST_WIDTH;
  }

  /** Texts wrap at blanks. */
  private static double widestWord(String text) {
    double widest = 0;
    for (String word : text.split("[ |]", -1)) {
      widest = Math.max(widest, Plot.textWidth(word));
    }
    return widest;
  }

  /** Closes a table. */
  static void end(Markup out) {
    out.close().close();
  }

  /** A heading of columns; names after a vertical bar are units, shown below. */
  static void head(Markup out, List<String> names, List<Boolean> numeric) {
    out.open("thead").open("tr");
    for (int i = 0; i < names.size(); i++) {
      String[] parts = names.get(i).split("\\|", 2);
      out.open("th", "scope", "col", "class", numeric.get(i) ? "n" : null).text(parts[0]);
      if (parts.length == 2 && !parts[1].isEmpty()) {
        out.element("span", parts[1], "class", "unit");
      }
      out.close();
    }
    out.close().close();
    out.columns(names.stream().map(Tables::label).toList());
  }

  private static String label(String name) {
    return name.endsWith("|") ? name.substring(0, name.length() - 1) : name.replace("|", ", ");
  }

  /** A cell with a figure, or a dash. */
  static void cell(Markup out, Fields fields, String key, Quantity quantity) {
    cell(out, fields.pathTo(key), fields.number(key), quantity);
  }

  /**
   * A cell with a figure, or a dash.
   *
   * @param path where the document has the figure
   */
  static void cell(Markup out, String path, @Nullable Double value, Quantity quantity) {
    out.open("td", "class", "n");
    if (value == null) {
      out.text(NONE);
    } else {
      figure(out, path, value, quantity.cell(value), null);
    }
    out.close();
  }

  /**
   * A figure.
   *
   * @param path where the document has it
   * @param shown how it is shown
   * @param within an element to put it into, or null
   */
  static void figure(Markup out, String path, double value, String shown, @Nullable String within) {
    String exact = Markup.exact(value);
    if (within != null) {
      out.open(within);
    }
    out.element("data", shown, "value", exact, "data-key", path, "title", exact);
    if (within != null) {
      out.close();
    }
  }

  /** Text in which what stands in backticks is to be typed. */
  static void prose(Markup out, String text) {
    String[] parts = text.split("`", -1);
    for (int i = 0; i < parts.length; i++) {
      if (i % 2 == 1 && i < parts.length - 1) {
        out.element("code", parts[i], "class", parts[i].length() <= SHORT ? "short" : null);
      } else {
        out.text(i % 2 == 1 ? "`" + parts[i] : parts[i]);
      }
    }
  }

  /** A paragraph of such text; nothing without any. */
  static void paragraph(Markup out, @Nullable String style, String text) {
    if (!text.isEmpty()) {
      out.open("p", "class", style);
      prose(out, text);
      out.close();
    }
  }
}
