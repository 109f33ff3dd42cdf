package dev.platter.emulator.text;

import java.util.Arrays;

/** Order statistics of a few numbers. */
public final class Statistics {
  private Statistics() {}

  /**
   * The median: the mean of the two middle values where the number of values is even; 0 of no
   * values.
   */
  public static double median(double[] values) {
    if (values.length == 0) {
      return 0;
    }
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** The smallest value; 0 of no values. */
  public static double min(double[] values) {
    return Arrays.stream(values).min().orElse(0);
  }

  /** The largest value; 0 of no values. */
  public static double max(double[] values) {
    return Arrays.stream(values).max().orElse(0);
  }
}
