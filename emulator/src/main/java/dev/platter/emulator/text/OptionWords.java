package dev.platter.emulator.text;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.PathLimits;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values that describe one object, in order, with the place of each: the value of an
 * option such as {@code first,key=value,flag}, or a part of a file. An error names the place of its
 * word.
 */
public final class OptionWords {
  private static final Pattern SIZE = Pattern.compile("(\\d{1,12})([kMGT]?)");
  private static final List<String> ON = List.of("on", "true");
  private static final List<String> OFF = List.of("off", "false");

  /**
   * A key with its value.
   *
   * @param key the key
   * @param value the value, or null for a flag without one
   * @param place the place where the word was given, with which errors begin
   */
  public record Word(String key, @Nullable String value, String place) {}

  private final String place;
  private final List<Word> words;
  private final boolean inFile;

  private OptionWords(String place, List<Word> words, boolean inFile) {
    this.place = place;
    this.words = List.copyOf(words);
    this.inFile = inFile;
  }

  /**
   * Takes an option's value apart. A comma inside a value is written twice.
   *
   * @param option the option's name
   */
  public static OptionWords parse(String option, String text) {
    String place = option + " " + text;
    List<Word> words = new ArrayList<>();
    StringBuilder word = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == ',' && i + 1 < text.length() && text.charAt(i + 1) == ',') {
        word.append(c);
        i++;
      } else if (c == ',') {
        words.add(word(word, place));
        word.setLength(0);
      } else {
        word.append(c);
      }
    }
    words.add(word(word, place));
    return new OptionWords(place, words, false);
  }

  private static Word word(CharSequence word, String place) {
    String text = word.toString();
    int equals = text.indexOf('=');
    return equals < 0
        ? new Word(text, null, place)
        : new Word(text.substring(0, equals), text.substring(equals + 1), place);
  }

  /** The words of a file at {@code place}. */
  public static OptionWords inFile(String place, List<Word> words) {
    return new OptionWords(place, words, true);
  }

  /** All words, in order. */
  public List<Word> words() {
    return words;
  }

  /** The place where the words were given. */
  public String place() {
    return place;
  }

  /** How the user would write {@code key} with {@code value}. */
  public String written(String key, String value) {
    return inFile ? key + ": " + value : key + "=" + value;
  }

  // ---- values --------------------------------------------------------------------------------

  /** The value of {@code word}, which must have one. */
  public String value(Word word) {
    String value = word.value();
    if (value == null || value.isEmpty()) {
      throw refused(word, "'" + word.key() + "' needs a value", written(word.key(), "VALUE"));
    }
    return value;
  }

  /** A number in a range. */
  public int number(Word word, int min, int max) {
    String value = value(word);
    try {
      int number = Integer.parseInt(value);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Told below.
    }
    throw refused(
        word, word.key() + "=" + value + " is no number from " + min + " to " + max, null);
  }

  /** A flag: on where it has no value, else {@code on} or {@code off}, or true or false. */
  public boolean flag(Word word) {
    if (word.value() == null || ON.contains(value(word))) {
      return true;
    }
    if (!OFF.contains(value(word))) {
      throw refused(word, word.key() + "=" + value(word) + " is not one of on, off", null);
    }
    return false;
  }

  /** One of several words. */
  public String choice(Word word, List<String> choices) {
    String value = value(word);
    if (!choices.contains(value)) {
      throw refused(
          word, word.key() + "=" + value + " is not one of " + String.join(", ", choices), null);
    }
    return value;
  }

  /** A duration in nanoseconds. */
  public long duration(Word word) {
    try {
      return Durations.parse(value(word));
    } catch (IllegalArgumentException e) {
      throw refused(word, word.key() + "=: " + e.getMessage(), null);
    }
  }

  /** A size in bytes, at least 1: a number, with k, M, G or T for powers of 1024. */
  public long size(Word word) {
    String value = value(word);
    Matcher matcher = SIZE.matcher(value);
    if (matcher.matches()) {
      String suffix = matcher.group(2);
      int shift = suffix.isEmpty() ? 0 : 10 * ("kMGT".indexOf(suffix) + 1);
      long number = Long.parseLong(matcher.group(1));
      if (number > 0 && number <= Long.MAX_VALUE >> shift) {
        return number << shift;
      }
    }
    throw refused(
        word, word.key() + "=" + value + " is no size", "Give bytes, or as 512M, 4G or 1T");
  }

  /** A path, which need not exist. */
  public Path path(Word word) {
    String value = checked(word, PathLimits::check);
    try {
      return Path.of(value);
    } catch (InvalidPathException e) {
      throw refused(
          word, word.key() + "= is no path in this locale: " + e.getReason(), "Set LC_ALL=C.UTF-8");
    }
  }

  /** A text that {@code check} may refuse. */
  public String checked(Word word, Consumer<String> check) {
    String value = value(word);
    try {
      check.accept(value);
    } catch (PlatterException e) {
      throw refused(word, String.valueOf(e.getMessage()), e.remedy());
    }
    return value;
  }

  /** Marks a key as given; refuses a key that is given twice. */
  public void once(Set<String> given, Word word) {
    if (!given.add(word.key())) {
      throw refused(word, "'" + word.key() + "' is given twice", null);
    }
  }

  // ---- what is wrong -------------------------------------------------------------------------

  /** Makes an object of all words; an error is told with their place. */
  public <T> T whole(Supplier<T> maker) {
    try {
      return maker.get();
    } catch (PlatterException e) {
      throw refused(String.valueOf(e.getMessage()), e.remedy());
    }
  }

  /** The failure for all words together. */
  public PlatterException refused(String what, @Nullable String remedy) {
    return PlatterException.badInput(place + ": " + what, remedy);
  }

  /** The failure for one word. */
  public PlatterException refused(Word word, String what, @Nullable String remedy) {
    return PlatterException.badInput(word.place() + ": " + what, remedy);
  }

  /**
   * The failure for an unknown key.
   *
   * @param known the known keys
   * @param flags the known keys that need no value
   */
  public PlatterException unknown(Word word, List<String> known, Set<String> flags) {
    List<String> written =
        known.stream().map(key -> flags.contains(key) ? key : key + "=").toList();
    return refused(
        word,
        "there is no '" + word.key() + "' here",
        SpellingSuggestion.remedy(word.key(), known, written));
  }
}
