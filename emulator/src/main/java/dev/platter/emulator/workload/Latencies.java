package dev.platter.emulator.workload;

import org.HdrHistogram.Histogram;

/** How latencies are recorded: nanoseconds, three digits, up to a minute. */
public final class Latencies {
  private static final long HIGHEST_NANOS = 60_000_000_000L;

  private Latencies() {}

  /** An empty histogram of nanoseconds. Recording into it allocates nothing. */
  public static Histogram newHistogram() {
    return new Histogram(HIGHEST_NANOS, 3);
  }

  /** Records a latency; one beyond the range counts as the range's end. */
  public static void record(Histogram histogram, long nanos) {
    histogram.recordValue(Math.min(nanos, HIGHEST_NANOS));
  }
}
