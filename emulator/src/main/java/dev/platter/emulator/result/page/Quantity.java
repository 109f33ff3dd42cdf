package dev.platter.emulator.result.page;

import dev.platter.emulator.result.Figures;
import dev.platter.emulator.text.Units;
import java.util.Locale;

/** Numbers as the page shows them. Cells of tables leave the unit to the column's heading. */
enum Quantity {
  /** Microseconds and other quantities of which three or so digits matter. */
  DIGITS,
  /** Seconds. */
  SECONDS,
  /** Whole numbers. */
  COUNT,
  /** A number as it stands in the JSON. */
  AS_IS,
  /** Bytes per second, shown as MiB/s. */
  MEBIBYTES,
  /** A share of 1, shown in percent. */
  PERCENT;

  /** Between a number and its unit, which belong on one line. */
  static final char NBSP = '\u00a0';

  /** A number as a cell shows it. */
  String cell(double value) {
    return switch (this) {
      case DIGITS -> digits(value);
      case SECONDS -> format("%,.3f", value);
      case COUNT -> format("%,d", Math.round(value));
      case AS_IS -> Markup.exact(value);
      case PERCENT -> digits(value * 100);
      case MEBIBYTES -> digits(value / (1 << 20));
    };
  }

  /**
   * Three or so significant digits, thousands separated: {@code 4.12}, {@code 67.3}, {@code 499}.
   */
  static String digits(double value) {
    return Figures.digits(value);
  }

  /** A time given in microseconds, with the unit that fits: {@code 88.1 µs}, {@code 499 ms}. */
  static String time(double micros) {
    double size = Math.abs(micros);
    if (size < 999.5) {
      return digits(micros) + NBSP + "µs";
    }
    return size < 999_500 ? digits(micros / 1e3) + NBSP + "ms" : digits(micros / 1e6) + NBSP + "s";
  }

  /** The same for an axis: {@code 100 µs}, {@code 2 ms}, without digits that say nothing. */
  static String tick(double micros) {
    double size = Math.abs(micros);
    if (size == 0) {
      return "0";
    }
    if (size < 999.5) {
      return Markup.exact(micros) + NBSP + "µs";
    }
    return size < 999_500
        ? Markup.exact(micros / 1e3) + NBSP + "ms"
        : Markup.exact(micros / 1e6) + NBSP + "s";
  }

  /** A size in binary units. */
  static String bytes(double bytes) {
    return Units.bytes(Math.round(bytes)).replace(' ', NBSP);
  }

  /** A number of things: {@code 1 request}, {@code 1,024 requests}. */
  static String count(double count, String thing) {
    return COUNT.cell(count) + NBSP + thing + (Math.round(count) == 1 ? "" : "s");
  }

  /** A share of 1 in whole percent. */
  static String percent(double share) {
    return format("%.0f", share * 100) + NBSP + "%";
  }

  private static String format(String pattern, Object value) {
    return String.format(Locale.ROOT, pattern, value);
  }
}
