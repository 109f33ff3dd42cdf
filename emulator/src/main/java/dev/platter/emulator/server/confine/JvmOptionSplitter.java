package dev.platter.emulator.server.confine;

import java.util.ArrayList;
import java.util.List;

/** Splits texts with options into words, as the JVM and its launcher do. One thread. */
final class JvmOptionSplitter {
  private static final String BLANKS = " \t\n\r\f";
  private static final char NONE = 0;

  private final String text;
  private final boolean argumentFile;
  private final List<String> words = new ArrayList<>();
  private final StringBuilder word = new StringBuilder();
  private boolean begun;
  private char quote = NONE;
  private int at;

  private JvmOptionSplitter(String text, boolean argumentFile) {
    this.text = text;
    this.argumentFile = argumentFile;
  }

  /**
   * Those of a variable such as JAVA_TOOL_OPTIONS, or of a file for {@code -XX:VMOptionsFile}:
   * quotes of both kinds keep blanks together, and nothing is escaped.
   */
  static List<String> ofVariable(String text) {
    return new JvmOptionSplitter(text, false).read();
  }

  /**
   * Those of a file for {@code @FILE}: there are comments, a quote ends with its line, and a
   * backslash escapes within quotes.
   */
  static List<String> ofArgumentFile(String text) {
    return new JvmOptionSplitter(text, true).read();
  }

  private List<String> read() {
    for (at = 0; at < text.length(); at++) {
      char c = text.charAt(at);
      if (argumentFile && (c == '\n' || c == '\r')) {
        quote = NONE;
      }
      if (quote != NONE) {
        readQuoted(c);
      } else if (BLANKS.indexOf(c) >= 0) {
        end();
      } else if (argumentFile && c == '#') {
        begun = false; // the launcher drops a word that a comment touches
        skipComment();
      } else {
        begun = true;
        if (c == '"' || c == '\'') {
          quote = c;
        } else {
          word.append(c);
        }
      }
    }
    end();
    return words;
  }

  private void readQuoted(char c) {
    if (c == quote) {
      quote = NONE;
    } else if (argumentFile && c == '\\' && at + 1 < text.length()) {
      at++;
      readEscaped(text.charAt(at));
    } else {
      word.append(c);
    }
  }

  private void readEscaped(char c) {
    switch (c) {
      case 'n' -> word.append('\n');
      case 'r' -> word.append('\r');
      case 't' -> word.append('\t');
      case 'f' -> word.append('\f');
      case '\n', '\r' -> { // the line goes on in the next, behind its blanks
        while (at + 1 < text.length() && BLANKS.indexOf(text.charAt(at + 1)) >= 0) {
          at++;
        }
      }
      default -> word.append(c);
    }
  }

  private void skipComment() {
    while (at + 1 < text.length() && "\n\r".indexOf(text.charAt(at + 1)) < 0) {
      at++;
    }
  }

  private void end() {
    if (begun) {
      words.add(word.toString());
    }
    word.setLength(0);
    begun = false;
  }
}
