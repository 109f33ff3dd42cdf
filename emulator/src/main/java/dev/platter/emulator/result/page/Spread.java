package dev.platter.emulator.result.page;

import dev.platter.emulator.text.PairedRatio;
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
            .toArray();
    int tooShort =
        (int)
            samples.stream()
                .filter(sample -> measure.isLatency() && sample.has("latency_us"))
                .filter(sample -> !sample.has(measure.sampleKey()))
                .count();
    if (runs.length > 0) {
      PairedRatio all = PairedRatio.of(runs, LEVEL);
      return new Spread(all.median(), all.low(), all.high(), runs.length, tooShort);
    }
    String spread = measure.spreadKey();
    Double low = spread == null ? null : row.number(spread + ".min");
    Double high = spread == null ? null : row.number(spread + ".max");
    return low == null || high == null
        ? new Spread(value, value, value, 0, tooShort)
        : new Spread(value, low, high, (int) row.numberOr0("runs"));
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
