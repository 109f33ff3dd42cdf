package dev.platter.emulator.text;

import java.util.Locale;

/**
 * Quantities as text for people: binary units for sizes, three or so significant digits, a decimal
 * point in every locale.
 */
public final class Units {
  private static final String[] BINARY = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  private static final String[] OPTION_SUFFIX = {"", "K", "M", "G", "T"};

  private Units() {}

  /** A size: {@code "512 B"}, {@code "4 KiB"}, {@code "1.5 GiB"}. */
  public static String bytes(long bytes) {
    return binary(bytes) + " " + BINARY[binaryPower(bytes)];
  }

  /** A transfer rate, given in bytes per second: {@code "102 MiB/s"}. */
  public static String bytesPerSecond(double bytesPerSecond) {
    if (!Double.isFinite(bytesPerSecond)) {
      return "-";
    }
    return bytes(Math.round(bytesPerSecond)) + "/s";
  }

  /** Operations per second, without a unit: {@code "105,588"}; below 100 with one decimal. */
  public static String perSecond(double rate) {
    if (!Double.isFinite(rate)) {
      return "-";
    }
    return rate < 100 ? format("%.1f", rate) : format("%,d", Math.round(rate));
  }

  /** A whole number with thousands separated: {@code "1,024"}. */
  public static String count(long count) {
    return format("%,d", count);
  }

  /**
   * A time given in nanoseconds, as microseconds without a unit: {@code "4.12"}, {@code "67.3"}.
   */
  public static String micros(double nanos) {
    return digits(nanos / 1e3);
  }

  /** A time given in nanoseconds, as seconds without a unit: {@code "1.254"}. */
  public static String seconds(double nanos) {
    return Double.isFinite(nanos) ? format("%.3f", nanos / 1e9) : "-";
  }

  /** A ratio: {@code "1.04"}, {@code "20.6"}; {@code "-"} where there is none. */
  public static String ratio(double ratio) {
    return digits(ratio);
  }

  /**
   * A number with so many digits after the point, thousands separated: {@code "20,412.5"}; {@code
   * "-"} where there is none.
   */
  public static String fixed(double value, int decimals) {
    return Double.isFinite(value) ? format("%,." + decimals + "f", value) : "-";
  }

  /** A size as options take it, exact: {@code "128K"}, {@code "1000"}. */
  public static String sizeOption(long bytes) {
    int power = 0;
    long value = bytes;
    while (value != 0 && value % 1024 == 0 && power < OPTION_SUFFIX.length - 1) {
      value /= 1024;
      power++;
    }
    return value + OPTION_SUFFIX[power];
  }

  /**
   * A duration for people, given in nanoseconds: {@code "8s"}, {@code "2m 10s"}, {@code "3h 5m"}.
   */
  public static String roughDuration(long nanos) {
    long seconds = Math.max(1, Math.round(nanos / 1e9));
    if (seconds < 60) {
      return seconds + "s";
    }
    return seconds < 3600
        ? seconds / 60 + "m " + seconds % 60 + "s"
        : seconds / 3600 + "h " + seconds % 3600 / 60 + "m";
  }

  /** Rounds a number for JSON, so that it reads well; non-finite numbers become 0. */
  public static double rounded(double value, int decimals) {
    if (!Double.isFinite(value)) {
      return 0;
    }
    double scale = Math.pow(10, decimals);
    return Math.round(value * scale) / scale;
  }

  private static String binary(long bytes) {
    int power = binaryPower(bytes);
    long unit = 1L << (10 * power);
    return bytes % unit == 0 ? Long.toString(bytes / unit) : digits((double) bytes / unit);
  }

  private static int binaryPower(long bytes) {
    return bytes < 1024 ? 0 : (63 - Long.numberOfLeadingZeros(bytes)) / 10;
  }

  private static String digits(double value) {
    double size = Math.abs(value);
    if (!Double.isFinite(value)) {
      return "-";
    }
    // The limits lie where rounding would add a digit.
    return format(size < 9.995 ? "%.2f" : size < 99.95 ? "%.1f" : "%.0f", value);
  }

  private static String format(String pattern, Object value) {
    return String.format(Locale.ROOT, pattern, value);
  }
}
