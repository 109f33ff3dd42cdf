package dev.platter.emulator.result.page;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A report in words: sections of sentences, tables and commands, as plain text or as Markdown that
 * can be read as it is. Where room is short, a section gives up items from its end and says how
 * many; those that may be given up most readily go first.
 */
final class Sheet {
  /** Room for everything. */
  static final int ENDLESS = Integer.MAX_VALUE;

  /** The form of a sheet. */
  enum Form {
    TEXT,
    MARKDOWN
  }

  /**
   * A column of a table.
   *
   * @param right whether numbers stand in it
   * @param dispensable columns with more of it are left out first where the width does not suffice;
   *     0: never
   */
  record Column(String heading, boolean right, int dispensable) {}

  private record Table(List<Column> columns, List<List<String>> rows) {}

  /**
   * A section.
   *
   * @param heading empty for none
   * @param items sentences; lines that are kept as they are if it is verbatim
   * @param least how many items stay as long as other sections can give up some
   * @param dispensable sections with more of it give up items first; 0: never
   */
  private record Section(
      String heading, Kind kind, List<String> items, Table table, int least, int dispensable) {
    int size() {
      return kind == Kind.TABLE ? table.rows().size() : items.size();
    }
  }

  private enum Kind {
    SENTENCES,
    TABLE,
    VERBATIM
  }

  private static final Table NO_TABLE = new Table(List.of(), List.of());
  private static final int SHORTEST_NAME = 12;
  private static final int LONG_SENTENCE = 5;
  private static final int SHORT_SENTENCE = 2;

  private final String title;
  private final String signature;
  private final String more;
  private final List<Section> sections = new ArrayList<>();

  /**
   * Begins a sheet.
   *
   * @param signature a comment that Markdown begins with, or empty
   * @param title the first line of the text
   * @param more where all of what had no room can be found
   */
  Sheet(String signature, String title, String more) {
    this.signature = signature;
    this.title = title;
    this.more = more;
  }

  /** Adds sentences, a line or more each, in which what is to be typed stands in backticks. */
  Sheet sentences(String heading, List<String> sentences, int least, int dispensable) {
    if (!sentences.isEmpty()) {
      sections.add(
          new Section(
              heading, Kind.SENTENCES, List.copyOf(sentences), NO_TABLE, least, dispensable));
    }
    return this;
  }

  /** Adds a table. */
  Sheet table(
      String heading, List<Column> columns, List<List<String>> rows, int least, int dispensable) {
    if (!rows.isEmpty()) {
      sections.add(
          new Section(
              heading,
              Kind.TABLE,
              List.of(),
              new Table(List.copyOf(columns), List.copyOf(rows)),
              least,
              dispensable));
    }
    return this;
  }

  /** Adds a command to type, broken between its words. */
  Sheet command(String heading, String command) {
    sections.add(new Section(heading, Kind.VERBATIM, List.of(command), NO_TABLE, 1, 0));
    return this;
  }

  /**
   * The sheet, ending in a newline.
   *
   * @param width the longest line; longer ones are words that cannot be broken
   * @param lines the most lines, as far as sections can give up items; they go below their least
   *     number of items if nothing else helps
   */
  String render(Form form, int width, int lines) {
    int[] kept = sections.stream().mapToInt(Section::size).toArray();
    int longest = lines == ENDLESS ? ENDLESS : LONG_SENTENCE;
    List<String> all = lines(form, width, kept, longest);
    for (boolean sparing : new boolean[] {true, false}) {
      while (all.size() > lines) {
        int next =
            IntStream.range(0, kept.length)
                .filter(i -> sections.get(i).dispensable() > 0)
                .filter(i -> kept[i] > (sparing ? sections.get(i).least() : 1))
                .boxed()
                .max(Comparator.comparingInt(i -> sections.get(i).dispensable()))
                .orElse(-1);
        if (next < 0) {
          break;
        }
        kept[next]--;
        all = lines(form, width, kept, longest);
      }
    }
    if (all.size() > lines) {
      all = lines(form, width, kept, SHORT_SENTENCE);
    }
    return String.join("\n", all) + "\n";
  }

  private List<String> lines(Form form, int width, int[] kept, int longest) {
    boolean markdown = form == Form.MARKDOWN;
    List<String> lines = new ArrayList<>();
    if (markdown && !signature.isEmpty()) {
      lines.add(signature);
    }
    lines.addAll(wrapped(markdown ? "# " : "", "", text(form, title), width));
    for (int i = 0; i < kept.length; i++) {
      Section section = sections.get(i);
      lines.add("");
      if (!section.heading().isEmpty()) {
        lines.add((markdown ? "## " : "") + section.heading());
      }
      switch (section.kind()) {
        case SENTENCES -> {
          for (String item : section.items().subList(0, kept[i])) {
            List<String> sentence = wrapped("- ", "  ", text(form, item), width);
            lines.addAll(sentence.subList(0, Math.min(longest, sentence.size())));
            if (sentence.size() > longest) {
              lines.add("  ...");
            }
          }
        }
        case TABLE -> table(form, section.table(), kept[i], width, lines);
        case VERBATIM -> {
          String command = printable(section.items().getFirst());
          String fence = fence(command);
          if (markdown) {
            lines.add(fence + "sh");
          }
          lines.addAll(broken(command, width));
          if (markdown) {
            lines.add(fence);
          }
        }
      }
      int lost = section.size() - kept[i];
      if (lost > 0) {
        if (markdown && section.kind() == Kind.TABLE) {
          lines.add("");
        }
        lines.addAll(
            wrapped(
                "",
                "",
                "("
                    + lost
                    + " more "
                    + (section.kind() == Kind.TABLE ? "row" : "line")
                    + (lost == 1 ? ": " : "s: ")
                    + more
                    + ")",
                width));
      }
    }
    return lines;
  }

  // ---- tables ----------------------------------------------------------------------------------

  private static void table(Form form, Table table, int rows, int width, List<String> lines) {
    List<Integer> shown = new ArrayList<>();
    IntStream.range(0, table.columns().size()).forEach(shown::add);
    while (widthOf(form, table, shown) > width) {
      int out =
          shown.stream()
              .filter(i -> table.columns().get(i).dispensable() > 0)
              .max(Comparator.comparingInt(i -> table.columns().get(i).dispensable()))
              .orElse(-1);
      if (out < 0) {
        break;
      }
      shown.remove(Integer.valueOf(out));
    }
    int excess = widthOf(form, table, shown) - width;
    int[] widths = shown.stream().mapToInt(i -> widthOf(form, table, i)).toArray();
    if (excess > 0) {
      widths[0] = Math.max(SHORTEST_NAME, widths[0] - excess);
    }
    lines.add(line(form, table, shown, widths, -1));
    if (form == Form.MARKDOWN) {
      StringBuilder rule = new StringBuilder("|");
      for (int i = 0; i < widths.length; i++) {
        boolean right = table.columns().get(shown.get(i)).right();
        rule.append(right ? "-" : ":").append("-".repeat(widths[i])).append(right ? ":|" : "-|");
      }
      lines.add(rule.toString());
    }
    for (int row = 0; row < rows; row++) {
      lines.add(line(form, table, shown, widths, row));
    }
  }

  private static int widthOf(Form form, Table table, List<Integer> columns) {
    int gaps = form == Form.MARKDOWN ? 3 * columns.size() + 1 : 2 * (columns.size() - 1);
    return gaps + columns.stream().mapToInt(column -> widthOf(form, table, column)).sum();
  }

  private static int widthOf(Form form, Table table, int column) {
    int widest = cell(form, table, column, -1).length();
    for (int row = 0; row < table.rows().size(); row++) {
      widest = Math.max(widest, cell(form, table, column, row).length());
    }
    return widest;
  }

  private static String cell(Form form, Table table, int column, int row) {
    return text(
        form, row < 0 ? table.columns().get(column).heading() : table.rows().get(row).get(column));
  }

  private static String line(Form form, Table table, List<Integer> columns, int[] widths, int row) {
    StringBuilder line = new StringBuilder(form == Form.MARKDOWN ? "|" : "");
    for (int i = 0; i < widths.length; i++) {
      String cell = cell(form, table, columns.get(i), row);
      if (cell.length() > widths[i]) {
        cell = cell.substring(0, widths[i] - 1) + "~";
      }
      String padding = " ".repeat(widths[i] - cell.length());
      boolean right = table.columns().get(columns.get(i)).right();
      String padded = right ? padding + cell : cell + padding;
      if (form == Form.MARKDOWN) {
        line.append(' ').append(padded).append(" |");
      } else {
        line.append(i == 0 ? "" : "  ").append(padded);
      }
    }
    return line.toString().stripTrailing();
  }

  // ---- words -----------------------------------------------------------------------------------

  /** Breaks at spaces, and words that are longer than a line anywhere. */
  private static List<String> wrapped(String first, String others, String words, int width) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder(first);
    boolean empty = true;
    for (String word : words.strip().split(" +", -1)) {
      if (!empty && line.length() + 1 + word.length() > width) {
        lines.add(line.toString());
        line = new StringBuilder(others);
        empty = true;
      }
      String rest = word;
      while (line.length() + rest.length() > width && empty) {
        int room = width - line.length();
        lines.add(line + rest.substring(0, room));
        rest = rest.substring(room);
        line = new StringBuilder(others);
      }
      line.append(empty ? "" : " ").append(rest);
      empty = false;
    }
    lines.add(line.toString().stripTrailing());
    return lines;
  }

  /** A command over several lines, as a shell reads them; words are left whole. */
  private static List<String> broken(String command, int width) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String word : shellWords(command)) {
      if (!line.isEmpty() && line.length() + 1 + word.length() + 2 > width) {
        lines.add(line + " \\");
        line = new StringBuilder("   ");
      }
      line.append(line.isEmpty() ? "" : " ").append(word);
    }
    lines.add(line.toString());
    return lines;
  }

  /** Words of a command line that has single quotes around what a shell would change. */
  private static List<String> shellWords(String command) {
    List<String> words = new ArrayList<>();
    StringBuilder word = new StringBuilder();
    boolean quoted = false;
    for (int i = 0; i < command.length(); i++) {
      char c = command.charAt(i);
      boolean escaped = i > 0 && command.charAt(i - 1) == '\\' && !quoted;
      if (c == '\'' && !escaped) {
        quoted = !quoted;
      }
      if (c == ' ' && !quoted) {
        words.add(word.toString());
        word = new StringBuilder();
      } else {
        word.append(c);
      }
    }
    words.add(word.toString());
    return words;
  }

  /** A fence that the command does not hold. */
  private static String fence(String command) {
    StringBuilder fence = new StringBuilder("```");
    while (command.contains(fence)) {
      fence.append('`');
    }
    return fence.toString();
  }

  private static String text(Form form, String words) {
    return form == Form.MARKDOWN ? markdown(printable(words)) : printable(words).replace("`", "");
  }

  /** In characters that every terminal and mail program shows, and that none obeys. */
  static String printable(String words) {
    StringBuilder text = new StringBuilder();
    words
        .codePoints()
        .forEach(c -> {
          int type = Character.getType(c);
          switch (c) {
            case Quantity.NBSP, '\n', '\t', '\r' -> text.append(' ');
            case 'µ' -> text.append('u');
            case '–', '−' -> text.append('-');
            case '’' -> text.append('\'');
            case '·' -> text.append(',');
            default -> {
              boolean obeyed =
                  type == Character.CONTROL
                      || type == Character.FORMAT
                      || type == Character.SURROGATE
                      || type == Character.UNASSIGNED
                      || type == Character.LINE_SEPARATOR
                      || type == Character.PARAGRAPH_SEPARATOR;
              text.appendCodePoint(obeyed ? '?' : c);
            }
          }
        });
    return text.toString();
  }

  /** Text in which only what stands in backticks has a meaning in Markdown. */
  private static String markdown(String words) {
    StringBuilder text = new StringBuilder();
    String[] parts = words.split("`", -1);
    for (int i = 0; i < parts.length; i++) {
      if (i % 2 == 1 && i < parts.length - 1) {
        text.append('`').append(parts[i].replace("|", "\\|")).append('`');
      } else {
        text.append(i % 2 == 1 ? "\\`" : "");
        parts[i].chars().forEach(c -> escape((char) c, text));
      }
    }
    return text.toString();
  }

  private static void escape(char c, StringBuilder text) {
    switch (c) {
      case '<' -> text.append("&lt;");
      case '>' -> text.append("&gt;");
      case '&' -> text.append("&amp;");
      case '\\', '*', '_', '[', ']', '|', '#', '~', '@' -> text.append('\\').append(c);
      default -> text.append(c);
    }
  }
}
