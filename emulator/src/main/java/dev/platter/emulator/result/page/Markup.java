package dev.platter.emulator.result.page;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes HTML with SVG in it that is well-formed XML as well. Text and attributes are escaped here
 * and nowhere else.
 *
 * <pre>{@code
 * Markup page = new Markup();
 * page.open("p", "class", "lead").text("a < b").close();
 * page.leaf("circle", "cx", 1.5, "cy", 2, "r", 3);
 * }</pre>
 */
final class Markup {
  private static final int COORDINATE_DECIMALS = 2;
  private static final char REPLACEMENT = '\ufffd';

  // What stands within a line of text; before all else a new line begins.
  private static final Set<String> INLINE =
      Set.of("a", "b", "br", "code", "data", "em", "span", "td", "th", "time", "title", "tspan");

  private final StringBuilder out = new StringBuilder(1 << 16);
  private final Deque<String> open = new ArrayDeque<>();
  private List<String> columns = List.of();
  private int column;
  // Rows, after this one, at whose beginning a heading of several rows stands already.
  private int headed;

  /**
   * Labels the cells of the table that is open: each {@code td} gets its column's name as {@code
   * data-label}, which the style sheet shows where there is no room for columns.
   */
  Markup columns(List<String> names) {
    columns = List.copyOf(names);
    headed = 0;
    return this;
  }

  private void label(String element, @Nullable Object... attributes) {
    switch (element) {
      case "tr" -> {
        column = headed > 0 ? 1 : 0;
        headed = Math.max(0, headed - 1);
      }
      case "th" -> {
        column++;
        for (int i = 0; i < attributes.length; i += 2) {
          if ("rowspan".equals(attributes[i]) && attributes[i + 1] instanceof Integer rows) {
            headed = rows - 1;
          }
        }
      }
      case "td" -> {
        if (column < columns.size() && !columns.get(column).isEmpty()) {
          attribute("data-label", columns.get(column));
        }
        column++;
      }
      default -> {}
    }
  }

  /**
   * Opens an element.
   *
   * @param attributes names and values in turn; one with a null value is left out
   */
  Markup open(String name, @Nullable Object... attributes) {
    tag(name, attributes);
    out.append('>');
    open.push(name);
    return this;
  }

  /** Closes the element that was opened last. */
  Markup close() {
    String name = open.pop();
    out.append("</").append(name).append('>');
    if (name.equals("table")) {
      columns = List.of();
    }
    return this;
  }

  /** An element that never has contents. */
  Markup leaf(String name, @Nullable Object... attributes) {
    tag(name, attributes);
    out.append("/>");
    return this;
  }

  /** An element with text in it. */
  Markup element(String name, String content, @Nullable Object... attributes) {
    return open(name, attributes).text(content).close();
  }

  /** Text. */
  Markup text(String content) {
    escape(content);
    return this;
  }

  /** Text of Platter's own that must stand as it is: a style sheet, a script. */
  Markup verbatim(String content) {
    out.append(content);
    return this;
  }

  private void tag(String name, @Nullable Object... attributes) {
    if (!INLINE.contains(name)) {
      out.append('\n');
    }
    out.append('<').append(name);
    for (int i = 0; i < attributes.length; i += 2) {
      Object value = attributes[i + 1];
      if (value != null) {
        attribute(
            attributes[i], value instanceof Double number ? number(number) : value.toString());
      }
    }
    label(name, attributes);
  }

  private void attribute(@Nullable Object name, String value) {
    out.append(' ').append(name).append("=\"");
    escape(value);
    out.append('"');
  }

  /** A coordinate: no more decimals than can be seen. */
  static String number(double value) {
    return decimal(BigDecimal.valueOf(value).setScale(COORDINATE_DECIMALS, RoundingMode.HALF_EVEN));
  }

  /** A number as JSON has it, without exponent or trailing zeroes. */
  static String exact(double value) {
    return decimal(BigDecimal.valueOf(value));
  }

  private static String decimal(BigDecimal value) {
    return value.signum() == 0 ? "0" : value.stripTrailingZeros().toPlainString();
  }

  private void escape(String content) {
    for (int i = 0; i < content.length(); i++) {
      char c = content.charAt(i);
      switch (c) {
        case '&' -> out.append("&amp;");
        case '<' -> out.append("&lt;");
        case '>' -> out.append("&gt;");
        case '"' -> out.append("&quot;");
        case '\'' -> out.append("&#39;");
        case '\n', '\t' -> out.append(c);
        default -> {
          if (Character.isHighSurrogate(c)
              && i + 1 < content.length()
              && Character.isLowSurrogate(content.charAt(i + 1))) {
            out.append(c).append(content.charAt(++i));
          } else {
            out.append(isAllowed(c) ? c : REPLACEMENT);
          }
        }
      }
    }
  }

  /** Whether XML has this character; and it does not turn the direction of what follows. */
  private static boolean isAllowed(char c) {
    boolean control = Character.isISOControl(c) || Character.isSurrogate(c) || c >= '\ufffe';
    boolean bidi = (c >= '\u202a' && c <= '\u202e') || (c >= '\u2066' && c <= '\u2069');
    return !control && !bidi;
  }

  /** The whole text; all that was opened must be closed. */
  @Override
  public String toString() {
    if (!open.isEmpty()) {
      throw new IllegalStateException("still open: " + open);
    }
    return out.toString();
  }
}
