package dev.platter.devices.block.meter;

import java.util.Arrays;

/** The number of values in each bucket, and their sum. Immutable. */
public final class Distribution {
  private final Buckets buckets;
  private final long[] counts;
  private final long sum;

  Distribution(Buckets buckets, long[] counts, long sum) {
    this.buckets = buckets;
    this.counts = counts;
    this.sum = sum;
  }

  /** No values yet. */
  public static Distribution none(Buckets buckets) {
    return new Distribution(buckets, new long[buckets.count()], 0);
  }

  /** The buckets. */
  public Buckets buckets() {
    return buckets;
  }

  /** The number of values in one bucket. */
  public long count(int bucket) {
    return counts[bucket];
  }

  /** The number of all values. */
  public long total() {
    return Arrays.stream(counts).sum();
  }

  /** Their sum, in the buckets' unit. */
  public long sum() {
    return sum;
  }

  /** These values and those of another distribution over the same buckets. */
  public Distribution plus(Distribution other) {
    if (!buckets.equals(other.buckets)) {
      throw new IllegalArgumentException(buckets + " and " + other.buckets);
    }
    long[] both = new long[counts.length];
    Arrays.setAll(both, bucket -> counts[bucket] + other.counts[bucket]);
    return new Distribution(buckets, both, sum + other.sum);
  }

  @Override
  public String toString() {
    return Arrays.toString(counts) + ", sum " + sum;
  }
}
