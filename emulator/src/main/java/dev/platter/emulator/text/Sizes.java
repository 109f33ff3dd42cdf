package dev.platter.emulator.text;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes in bytes, with binary suffixes: {@code 512}, {@code 4k}, {@code 128K}, {@code 1GiB}. */
public final class Sizes {
  private static final Pattern SIZE = Pattern.compile("(\\d+)(?:([kKmMgGtTpP])(?:i?B)?)?");
  private static final String SUFFIXES = "KMGTP";

  private Sizes() {}

  /**
   * Parses a size.
   *
   * @return bytes, not negative
   * @throws IllegalArgumentException if the text is no size; the message shows the form of one
   */
  public static long parse(String text) {
    Matcher matcher = SIZE.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "'"
              + text
              + "' is not a size: give a whole number of bytes, or with a suffix k, M, G or T"
              + " (powers of 1024), such as 512, 4k or 1G");
    }
    String suffix = matcher.group(2);
    int power = suffix == null ? 0 : 1 + SUFFIXES.indexOf(Character.toUpperCase(suffix.charAt(0)));
    try {
      return Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << (10 * power));
    } catch (ArithmeticException | NumberFormatException e) {
      throw new IllegalArgumentException(
          "'" + text + "' is too large: at most 8 EiB less one byte", e);
    }
  }
}
