package dev.platter.emulator.result;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class FigureDigitsTest {
  private static List<String> shown(@Nullable String unit, Double... values) {
    Figures figures = Figures.of(unit, List.of(values));
    return List.of(values).stream().map(figures::text).toList();
  }

  @Test
  void timesInMicrosecondsAndRatiosHaveThreeOrSoDigits() {
    assertThat(shown("us", 4.117, 67.31, 2376.7)).containsExactly("4.12", "67.3", "2,377");
    assertThat(shown("", 1.0, 25.38)).containsExactly("1.00", "25.4");
  }

  @Test
  void allElseHasTheDecimalsOfTheDocument() {
    assertThat(shown("", 5.0, 1024.0)).containsExactly("5", "1,024");
    assertThat(shown("s", 1.25, 31.952)).containsExactly("1.250", "31.952");
    assertThat(shown("%", 2.0, -0.5)).containsExactly("2.0", "-0.5");
    assertThat(shown("s", 1.28341)).as("no more than three").containsExactly("1.283");
    assertThat(shown(null, 0.33, 5.0)).containsExactly("0.33", "5.00");
    assertThat(shown("us", Double.NaN)).containsExactly("-");
  }
}
