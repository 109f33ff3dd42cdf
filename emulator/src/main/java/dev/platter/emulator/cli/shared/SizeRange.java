package dev.platter.emulator.cli.shared;

import dev.platter.emulator.text.Units;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Sizes from one to another: {@code 512-1M}; or one size, {@code 4k}.
 *
 * @param minBytes the smallest, at least 1
 * @param maxBytes the largest, at least {@code minBytes}
 */
public record SizeRange(long minBytes, long maxBytes) {
  /** Checks the order. */
  public SizeRange {
    if (minBytes < 1 || maxBytes < minBytes) {
      throw new IllegalArgumentException(minBytes + "-" + maxBytes);
    }
  }

  /** Whether it is one size. */
  public boolean single() {
    return minBytes == maxBytes;
  }

  /** As options take it. */
  @Override
  public String toString() {
    String min = Units.sizeOption(minBytes);
    return single() ? min : min + "-" + Units.sizeOption(maxBytes);
  }

  /** Parses ranges for picocli. */
  public static final class Converter implements ITypeConverter<SizeRange> {
    @Override
    public SizeRange convert(String text) {
      int dash = text.indexOf('-');
      if (dash == 0 || dash == text.length() - 1) {
        throw new TypeConversionException(
            "'" + text + "' is not a size or a range of sizes, such as 4k or 512-1M");
      }
      long min = SizeConverter.parse(dash < 0 ? text : text.substring(0, dash));
      long max = dash < 0 ? min : SizeConverter.parse(text.substring(dash + 1));
      if (min < 1) {
        throw new TypeConversionException("'" + text + "' is empty: sizes start at 1");
      }
      if (max < min) {
        throw new TypeConversionException(
            "'" + text + "' is upside down: give the smaller size first, such as 512-1M");
      }
      return new SizeRange(min, max);
    }
  }
}
