package dev.platter.emulator.result;

import dev.platter.emulator.text.Units;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How the figures of a column or a series are shown: the same number has the same digits in text,
 * tables and charts. Times in microseconds and ratios have three or so digits, as in tables of
 * rows; all else has the decimals that the document gives, as many for each of the figures and no
 * more than three.
 *
 * @param decimals how many decimals all have; -1 for three or so digits
 */
public record Figures(int decimals) {
  private static final int AS_DIGITS = -1;
  private static final int MOST_DECIMALS = 3;

  /**
   * For the figures of a column or a series.
   *
   * @param unit such as {@code us}, {@code s}, {@code %}; empty for counts and ratios; null if it
   *     is not known
   */
  public static Figures of(@Nullable String unit, List<Double> values) {
    int most = 0;
    for (double value : values) {
      if (Double.isFinite(value)) {
        most = Math.max(most, BigDecimal.valueOf(value).stripTrailingZeros().scale());
      }
    }
    boolean ratios = unit != null && unit.isEmpty() && most > 0;
    return new Figures("us".equals(unit) || ratios ? AS_DIGITS : Math.min(most, MOST_DECIMALS));
  }

  /** A figure as it is shown, thousands separated; {@code "-"} where there is none. */
  public String text(double value) {
    if (decimals != AS_DIGITS || !Double.isFinite(value)) {
      return Units.fixed(value, Math.max(0, decimals));
    }
    return digits(value);
  }

  /**
   * Three or so significant digits, thousands separated: {@code 4.12}, {@code 67.3}, {@code 499}.
   */
  public static String digits(double value) {
    double size = Math.abs(value);
    // The limits lie where rounding would add a digit.
    return String.format(
        Locale.ROOT, size < 9.995 ? "%.2f" : size < 99.95 ? "%.1f" : "%,.0f", value);
  }
}
