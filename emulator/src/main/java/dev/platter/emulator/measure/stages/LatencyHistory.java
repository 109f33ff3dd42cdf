package dev.platter.emulator.measure.stages;

import java.util.Arrays;

/**
 * Latencies over the time of a run. A request counts in the bucket of its end. The number of
 * buckets is bounded; their width doubles when the run outlasts them. Adding allocates nothing.
 */
final class LatencyHistory {
  /** How many buckets there are at most. */
  static final int BUCKETS = 512;

  private static final long FIRST_WIDTH_NANOS = 1_000_000;

  private final long[] counts = new long[BUCKETS];
  private final long[] sums = new long[BUCKETS];
  private final long[] maxima = new long[BUCKETS];
  private long widthNanos = FIRST_WIDTH_NANOS;
  private int used;

  void clear() {
    Arrays.fill(counts, 0);
    Arrays.fill(sums, 0);
    Arrays.fill(maxima, 0);
    widthNanos = FIRST_WIDTH_NANOS;
    used = 0;
  }

  /**
   * Adds a request.
   *
   * @param atNanos the request's end, since the run's begin; an end before that counts in the first
   *     bucket
   */
  void add(long atNanos, long latencyNanos) {
    long at = Math.max(0, atNanos);
    while (at / widthNanos >= BUCKETS) {
      widen();
    }
    put((int) (at / widthNanos), 1, latencyNanos, latencyNanos);
  }

  private void put(int bucket, long count, long sum, long max) {
    counts[bucket] += count;
    sums[bucket] += sum;
    maxima[bucket] = Math.max(maxima[bucket], max);
    used = Math.max(used, bucket + 1);
  }

  private void widen() {
    for (int i = 0; i < BUCKETS / 2; i++) {
      counts[i] = counts[2 * i] + counts[2 * i + 1];
      sums[i] = sums[2 * i] + sums[2 * i + 1];
      maxima[i] = Math.max(maxima[2 * i], maxima[2 * i + 1]);
    }
    Arrays.fill(counts, BUCKETS / 2, BUCKETS, 0);
    Arrays.fill(sums, BUCKETS / 2, BUCKETS, 0);
    Arrays.fill(maxima, BUCKETS / 2, BUCKETS, 0);
    widthNanos *= 2;
    used = (used + 1) / 2;
  }

  /** Adds the requests of another history with the same begin. */
  void add(LatencyHistory other) {
    while (widthNanos < other.widthNanos) {
      widen();
    }
    int factor = (int) (widthNanos / other.widthNanos);
    for (int i = 0; i < other.used; i++) {
      if (other.counts[i] > 0) {
        put(i / factor, other.counts[i], other.sums[i], other.maxima[i]);
      }
    }
  }

  long widthNanos() {
    return widthNanos;
  }

  /** How many buckets are in use, empty ones in between included. */
  int used() {
    return used;
  }

  long count(int bucket) {
    return counts[bucket];
  }

  long sumNanos(int bucket) {
    return sums[bucket];
  }

  long maxNanos(int bucket) {
    return maxima[bucket];
  }
}
