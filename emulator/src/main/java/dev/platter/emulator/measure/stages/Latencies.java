package dev.platter.emulator.measure.stages;

import org.HdrHistogram.Histogram;

/** The histograms of latencies: in nanoseconds, with three digits, up to a minute. */
public final class Latencies {
  private static final long HIGHEST_NANOS = 60_000_000_000L;

  // 100 - 99.9 is less than 0.1.
  private static final double ROUNDING = 1e-9;

  private Latencies() {}

  /** An empty histogram of nanoseconds. Recording into it allocates nothing. */
  public static Histogram newHistogram() {
    return new Histogram(HIGHEST_NANOS, 3);
  }

  /**
   * Whether so many requests are enough for a percentile: at least one of them must lie above it.
   * One request is enough for a median and a maximum.
   *
   * @param percentile 0 to 100
   */
  public static boolean supports(long count, double percentile) {
    boolean middleOrEnd = percentile <= 50 || percentile == 100;
    return count > 0 && (middleOrEnd || (100 - percentile) / 100 * count >= 1 - ROUNDING);
  }

  /** Records a latency; a longer latency than the range counts as the range's end. */
  public static void record(Histogram histogram, long nanos) {
    histogram.recordValue(Math.min(nanos, HIGHEST_NANOS));
  }
}
