package dev.platter.emulator.text;

/** Sentences in plain text, broken into lines that a terminal shows whole. */
public final class TextParagraph {
  /** The longest line: a terminal's. */
  private static final int WIDTH = 80;

  private TextParagraph() {}

  /**
   * Breaks text at spaces; a word that is longer than a line is left whole.
   *
   * @param first the beginning of the first line
   * @param others the beginning of the other lines
   * @return lines that end in a newline, without trailing spaces
   */
  public static String of(String first, String others, String words) {
    StringBuilder text = new StringBuilder();
    StringBuilder line = new StringBuilder(first);
    boolean empty = true;
    for (String word : words.strip().split("\\s+", -1)) {
      if (!empty && line.length() + 1 + word.length() > WIDTH) {
        text.append(line).append('\n');
        line = new StringBuilder(others);
        empty = true;
      }
      line.append(empty ? "" : " ").append(word);
      empty = false;
    }
    return text.append(line.toString().stripTrailing()).append('\n').toString();
  }
}
