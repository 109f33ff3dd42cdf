package dev.platter.emulator.cli.shared;

import dev.platter.emulator.text.Durations;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Durations as nanoseconds: {@code 100ns}, {@code 250us}, {@code 1ms}, {@code 5s}, {@code 2m},
 * {@code 0}.
 */
public final class DurationConverter implements ITypeConverter<Long> {
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
    try {
      return Durations.parse(text);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(String.valueOf(e.getMessage()));
    }
  }
}
