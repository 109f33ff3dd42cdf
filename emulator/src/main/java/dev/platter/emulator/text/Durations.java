package dev.platter.emulator.text;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as text: {@code 100ns}, {@code 250us}, {@code 1ms}, {@code 5s}, {@code 2m}, 0. */
public final class Durations {
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

  private Durations() {}

  /**
   * Parses a duration.
   *
   * @return nanoseconds, not negative
   * @throws IllegalArgumentException if the text is no duration; the message shows the form of one
   */
  public static long parse(String text) {
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "'"
              + text
              + "' is not a duration: give a whole number and a unit ns, us, ms, s, m or h,"
              + " such as 1ms or 5s");
    }
    String unit = matcher.group(2);
    try {
      long number = Long.parseLong(matcher.group(1));
      if (unit != null) {
        return Math.multiplyExact(number, UNIT_NANOS.getOrDefault(unit, 1L));
      }
      if (number == 0) {
        return 0;
      }
    } catch (ArithmeticException | NumberFormatException e) {
      throw new IllegalArgumentException("'" + text + "' is too long: at most 292 years", e);
    }
    throw new IllegalArgumentException(
        "'" + text + "' has no unit: write " + text + "ms or " + text + "s");
  }
}
