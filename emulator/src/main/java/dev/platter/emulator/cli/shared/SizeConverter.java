package dev.platter.emulator.cli.shared;

import dev.platter.emulator.text.Sizes;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** {@link Sizes} for picocli. */
public final class SizeConverter implements ITypeConverter<Long> {
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
    try {
      return Sizes.parse(text);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }
}
