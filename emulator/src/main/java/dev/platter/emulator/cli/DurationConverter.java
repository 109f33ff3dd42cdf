package dev.platter.emulator.cli;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Durations as nanoseconds: {@code 100ns}, {@code 250us}, {@code 1ms}, {@code 5s}, {@code 2m},
 * {@code 0}.
 */
final class DurationConverter implements ITypeConverter<Long> {
  private static final Pattern DURATION = Pattern.compile("(\\d+)(ns|us|µs|ms|s|m|h)?");
  private static final Map<String, Long> UNIT_NANOS =
      Map.of(
          "ns", 1L,
          "us", 1_000L,
          "µs", 1_000L,
          "ms", 1_000_000L,
          "s", 1_000_000_000L,
          "m", 60_000_000_000L,
          "h", 3_600_000_000_000L);

  @Override
  public Long convert(String text) {
    return parse(text);
  }

  /**
   * Parses a duration.
   *
   * @return nanoseconds, not negative
   * @throws TypeConversionException if it is not one, with what a duration looks like
   */
  static long parse(String text) {
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches()) {
      throw new TypeConversionException(
          "'"
              + text
              + "' is not a duration: give a whole number and a unit ns, us, ms, s, m or h,"
              + " such as 1ms or 5s");
    }
    String unit = matcher.group(2);
    try {
      long number = Long.parseLong(matcher.group(1));
      if (unit == null) {
        if (number != 0) {
          throw new TypeConversionException(
              "'" + text + "' has no unit: write " + text + "ms or " + text + "s");
        }
        return 0;
      }
      return Math.multiplyExact(number, UNIT_NANOS.getOrDefault(unit, 1L));
    } catch (ArithmeticException | NumberFormatException e) {
      throw new TypeConversionException("'" + text + "' is too long: at most 292 years");
    }
  }
}
