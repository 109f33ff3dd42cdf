package dev.platter.emulator.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UnitsTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "1023, 1023 B",
    "1024, 1 KiB",
    "1536, 1.50 KiB",
    "134217728, 128 MiB",
    "1073741823, 1024 MiB",
    "85670772736, 79.8 GiB",
    "9223372036854775807, 8.00 EiB",
  })
  void bytes(long bytes, String text) {
    assertThat(Units.bytes(bytes)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"0, 0.00", "4123, 4.12", "9994, 9.99", "9996, 10.0", "67340, 67.3", "1234567, 1235"})
  void microsKeepThreeDigits(double nanos, String text) {
    assertThat(Units.micros(nanos)).isEqualTo(text);
  }

  @Test
  void rates() {
    assertThat(Units.perSecond(105_588.4)).isEqualTo("105,588");
    assertThat(Units.perSecond(7.25)).isEqualTo("7.3");
    assertThat(Units.bytesPerSecond(102.4 * (1 << 20))).isEqualTo("102 MiB/s");
    assertThat(Units.seconds(1_254_321_000)).isEqualTo("1.254");
    assertThat(Units.ratio(20.6123)).isEqualTo("20.6");
    assertThat(Units.count(1024)).isEqualTo("1,024");
  }

  @Test
  void whatIsNoNumberIsADash() {
    assertThat(Units.ratio(Double.NaN)).isEqualTo("-");
    assertThat(Units.perSecond(Double.POSITIVE_INFINITY)).isEqualTo("-");
    assertThat(Units.bytesPerSecond(Double.NaN)).isEqualTo("-");
    assertThat(Units.seconds(Double.NaN)).isEqualTo("-");
    assertThat(Units.rounded(Double.NaN, 2)).isZero();
  }

  @Test
  void theLocaleDoesNotMatter() {
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.GERMANY);
      assertThat(Units.micros(4123)).isEqualTo("4.12");
      assertThat(Units.count(1024)).isEqualTo("1,024");
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void roundsForJson() {
    assertThat(Units.rounded(1.23456, 3)).isEqualTo(1.235);
    assertThat(Units.rounded(0.1 + 0.2, 6)).isEqualTo(0.3);
  }
}
