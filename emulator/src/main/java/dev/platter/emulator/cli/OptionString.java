package dev.platter.emulator.cli;

import dev.platter.aio.PlatterException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An option's value that is a list in itself: {@code first,key=value,flag}. A comma inside a value
 * is written twice.
 */
final class OptionString {
  /**
   * One word of it.
   *
   * @param key what stands before the first equals sign
   * @param value what stands after it, or null where there is none
   */
  record Word(String key, @Nullable String value) {}

  private final String option;
  private final String text;
  private final List<Word> words;

  private OptionString(String option, String text, List<Word> words) {
    this.option = option;
    this.text = text;
    this.words = words;
  }

  /**
   * Takes a value apart.
   *
   * @param option what the option is called, for errors
   */
  static OptionString parse(String option, String text) {
    List<Word> words = new ArrayList<>();
    StringBuilder word = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == ',' && i + 1 < text.length() && text.charAt(i + 1) == ',') {
        word.append(c);
        i++;
      } else if (c == ',') {
        words.add(word(word));
        word.setLength(0);
      } else {
        word.append(c);
      }
    }
    words.add(word(word));
    return new OptionString(option, text, words);
  }

  private static Word word(CharSequence word) {
    String text = word.toString();
    int equals = text.indexOf('=');
    return equals < 0
        ? new Word(text, null)
        : new Word(text.substring(0, equals), text.substring(equals + 1));
  }

  List<Word> words() {
    return words;
  }

  /** The value of {@code word}, which must have one. */
  String value(Word word) {
    String value = word.value();
    if (value == null || value.isEmpty()) {
      throw refused("'" + word.key() + "' needs a value", word.key() + "=VALUE");
    }
    return value;
  }

  /** A number in a range. */
  int number(Word word, int min, int max) {
    String value = value(word);
    try {
      int number = Integer.parseInt(value);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Told below.
    }
    throw refused(word.key() + "=" + value + " is no number from " + min + " to " + max, null);
  }

  /** A flag: on where it has no value, else {@code on} or {@code off}. */
  boolean flag(Word word) {
    return word.value() == null || choice(word, List.of("on", "off")).equals("on");
  }

  /** One of several words. */
  String choice(Word word, List<String> choices) {
    String value = value(word);
    if (!choices.contains(value)) {
      throw refused(
          word.key() + "=" + value + " is not one of " + String.join(", ", choices), null);
    }
    return value;
  }

  /** A duration in nanoseconds. */
  long duration(Word word) {
    try {
      return DurationConverter.parse(value(word));
    } catch (picocli.CommandLine.TypeConversionException e) {
      throw refused(word.key() + "=: " + e.getMessage(), null);
    }
  }

  /** Marks a key as given; it may be given once. */
  void once(java.util.Set<String> given, Word word) {
    if (!given.add(word.key())) {
      throw refused("'" + word.key() + "' is given twice", null);
    }
  }

  /** What is wrong with the option. */
  PlatterException refused(String what, @Nullable String remedy) {
    return PlatterException.badInput(option + " " + text + ": " + what, remedy);
  }
}
