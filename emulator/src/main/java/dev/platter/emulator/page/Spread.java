package dev.platter.emulator.page;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A row's figure: the median of its runs, and where these lie. With six runs or more that is the
 * narrowest interval that holds the median of such runs with 95 % and assumes nothing about how
 * they are distributed: its ends are two of the runs. With fewer it is from the least run to the
 * largest. What a row says of all requests of all runs together is not used where runs are known:
 * one of these can decide it.
 *
 * @param value the median of the runs; the row's own figure where no run is known
 * @param low lower end; the value itself where no run is known
 * @param high upper end
 * @param runs how many complete runs are known; 0 where only the figure was saved
 * @param tooShort how many complete runs had too few requests for the figure
 */
record Spread(double value, double low, double high, int runs, int tooShort) {
  private static final double LEVEL = 0.95;

  /** Runs of which each has the figure. */
  Spread(double value, double low, double high, int runs) {
    this(value, low, high, runs, 0);
  }

  /** The figure of a row, or null where the row has none. */
  static @Nullable Spread of(Fields row, Measure measure) {
    Double value = row.number(measure.key());
    if (value == null) {
      return null;
    }
    List<Fields> samples =
        row.objects("samples").stream().filter(sample -> !sample.isTrue("partial")).toList();
    double[] runs =
        samples.stream()
            .filter(sample -> sample.has(measure.sampleKey()))
            .mapToDouble(sample -> sample.numberOr0(measure.sampleKey()))
            .sorted()
            .toArray();
    int tooShort =
        (int)
            samples.stream()
                .filter(sample -> measure.isLatency() && sample.has("latency_us"))
                .filter(sample -> !sample.has(measure.sampleKey()))
                .count();
    int n = runs.length;
    if (n > 0) {
      int outside = outside(n);
      double median = (runs[(n - 1) / 2] + runs[n / 2]) / 2;
      return new Spread(median, runs[outside], runs[n - 1 - outside], n, tooShort);
    }
    String spread = measure.spreadKey();
    Double low = spread == null ? null : row.number(spread + ".min");
    Double high = spread == null ? null : row.number(spread + ".max");
    return low == null || high == null
        ? new Spread(value, value, value, 0, tooShort)
        : new Spread(value, low, high, (int) row.numberOr0("runs"));
  }

  /** How many of n sorted runs lie outside the interval on each side. */
  private static int outside(int n) {
    // Each run lies below the true median with probability one half.
    double[] fewer = new double[n];
    double term = Math.pow(0.5, n);
    for (int i = 0; i < n; i++) {
      fewer[i] = term + (i == 0 ? 0 : fewer[i - 1]);
      term = term * (n - i) / (i + 1);
    }
    return (int) Arrays.stream(fewer).takeWhile(tail -> 1 - 2 * tail >= LEVEL).skip(1).count();
  }

  /** Whether it has a run in common with another, as far as one can know. */
  boolean overlaps(Spread other) {
    return low <= other.high && other.low <= high;
  }

  /** How wide it is. */
  double width() {
    return high - low;
  }

  /** How far it lies from another that it does not overlap. */
  double gap(Spread other) {
    return Math.max(other.low - high, low - other.high);
  }

  /**
   * How likely it is that the runs of two results without any difference lie apart: each order of
   * them is equally likely, and in two of those all of the one come first.
   */
  double chanceOfGap(Spread other) {
    double orders = 1;
    for (int i = 1; i <= runs; i++) {
      orders = orders * (other.runs + i) / i;
    }
    return 2 / orders;
  }
}
