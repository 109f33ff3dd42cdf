package dev.platter.emulator.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Sizes in bytes, with binary suffixes: {@code 512}, {@code 4k}, {@code 128K}, {@code 1GiB}. */
final class SizeConverter implements ITypeConverter<Long> {
  private static final Pattern SIZE = Pattern.compile("(\\d+)(?:([kKmMgGtTpP])(?:i?B)?)?");
  private static final String SUFFIXES = "KMGTP";

  @Override
  public Long convert(String text) {
    return parse(text);
  }

  /**
   * Parses a size.
   *
   * @return bytes, not negative
   * @throws TypeConversionException if it is not one, with what a size looks like
   */
  static long parse(String text) {
    Matcher matcher = SIZE.matcher(text);
    if (!matcher.matches()) {
      throw new TypeConversionException(
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
      throw new TypeConversionException("'" + text + "' is too large: at most 8 EiB less one byte");
    }
  }
}
