package dev.platter.emulator.cli.shared;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.platter.emulator.text.Units;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class ConverterTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "512, 512",
    "4k, 4096",
    "128K, 131072",
    "1M, 1048576",
    "1MiB, 1048576",
    "2GB, 2147483648",
    "1G, 1073741824",
    "1T, 1099511627776",
    "8191P, 9222246136947933184",
    "9223372036854775807, 9223372036854775807",
  })
  void sizes(String text, long bytes) {
    assertThat(SizeConverter.parse(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "k", "4x", "4 k", "-1", "+1", "1.5G", "4kk", "0x10", "1e3", "4iB", "٣"})
  void notSizes(String text) {
    assertThatExceptionOfType(TypeConversionException.class)
        .isThrownBy(() -> SizeConverter.parse(text))
        .withMessageContaining("'" + text + "' is not a size")
        .withMessageContaining("such as 512, 4k or 1G");
  }

  @ParameterizedTest
  @ValueSource(strings = {"8192P", "9223372036854775808", "99999999999999999999T"})
  void sizesTooLarge(String text) {
    assertThatExceptionOfType(TypeConversionException.class)
        .isThrownBy(() -> SizeConverter.parse(text))
        .withMessageContaining("too large");
  }

  @ParameterizedTest
  @CsvSource({
    "512-1M, 512, 1048576, 512-1M",
    "4k, 4096, 4096, 4K",
    "4k-4k, 4096, 4096, 4K",
    "1-3, 1, 3, 1-3",
  })
  void ranges(String text, long min, long max, String canonical) {
    SizeRange range = new SizeRange.Converter().convert(text);
    assertThat(range).isEqualTo(new SizeRange(min, max)).hasToString(canonical);
    assertThat(range.single()).isEqualTo(min == max);
  }

  @ParameterizedTest
  @CsvSource({
    "1M-512, upside down",
    "0-4k, sizes start at 1",
    "0, sizes start at 1",
    "-4k, is not a size or a range",
    "4k-, is not a size or a range",
    "1-2-3, 2-3' is not a size:",
    "x-4k, x' is not a size:",
  })
  void notRanges(String text, String why) {
    assertThatExceptionOfType(TypeConversionException.class)
        .isThrownBy(() -> new SizeRange.Converter().convert(text))
        .withMessageContaining(why);
  }

  @Test
  void rangesKnowTheirOrder() {
    assertThatIllegalArgumentException().isThrownBy(() -> new SizeRange(2, 1));
    assertThatIllegalArgumentException().isThrownBy(() -> new SizeRange(0, 1));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "0s, 0",
    "100ns, 100",
    "250us, 250000",
    "250µs, 250000",
    "1ms, 1000000",
    "5s, 5000000000",
    "2m, 120000000000",
    "1h, 3600000000000",
  })
  void durations(String text, long nanos) {
    assertThat(DurationConverter.parse(text)).isEqualTo(nanos);
  }

  @ParameterizedTest
  @CsvSource({
    "5, has no unit: write 5ms or 5s",
    "'', is not a duration",
    "ms, is not a duration",
    "1.5s, is not a duration",
    "-1s, is not a duration",
    "1 s, is not a duration",
    "1d, is not a duration",
    "9999999999h, is too long",
    "99999999999999999999s, is too long",
  })
  void notDurations(String text, String why) {
    assertThatExceptionOfType(TypeConversionException.class)
        .isThrownBy(() -> DurationConverter.parse(text))
        .withMessageContaining("'" + text + "' " + why);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 511, 512, 1000, 4096, 131072, 1L << 40, 3L << 50})
  void sizesAsPrintedAreReadBack(long bytes) {
    assertThat(SizeConverter.parse(Units.sizeOption(bytes))).isEqualTo(bytes);
  }
}
