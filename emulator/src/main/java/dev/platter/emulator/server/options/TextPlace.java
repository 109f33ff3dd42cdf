package dev.platter.emulator.server.options;

/** Places in a text. */
final class TextPlace {
  private TextPlace() {}

  /**
   * {@code FILE:LINE:COLUMN}, both from 1.
   *
   * @param position of a char in {@code text}, at most its length
   */
  static String of(String file, CharSequence text, int position) {
    int line = 1;
    int lineStart = 0;
    for (int i = 0; i < position; i++) {
      if (text.charAt(i) == '\n') {
        line++;
        lineStart = i + 1;
      }
    }
    int column = Character.codePointCount(text, lineStart, position) + 1;
    return file + ":" + line + ":" + column;
  }
}
