package dev.platter.devices.block.meter;

import java.util.Arrays;
import java.util.stream.LongStream;

/**
 * Fixed ranges of values: a bucket takes values above the bound of the previous bucket, up to and
 * including its own; the last bucket has no bound. Immutable.
 */
public final class Buckets {
  /** Latencies in nanoseconds: 1, 2 and 5 of each power of ten, from 10 us to 10 s. */
  public static final Buckets LATENCY_NANOS = new Buckets(oneTwoFive(10_000L, 10_000_000_000L));

  /** Requests in flight: powers of two to 1024. */
  public static final Buckets DEPTH =
      new Buckets(LongStream.iterate(1, bound -> bound <= 1024, bound -> bound * 2).toArray());

  private final long[] bounds;
  // By the number of bits in a value: the first bucket that may take it.
  private final byte[] firstByBits = new byte[Long.SIZE + 1];

  /**
   * Makes ranges.
   *
   * @param bounds the upper bounds, ascending and positive
   */
  Buckets(long... bounds) {
    this.bounds = bounds.clone();
    for (int bits = 1; bits <= Long.SIZE - 1; bits++) {
      firstByBits[bits] = (byte) search(1L << (bits - 1));
    }
  }

  private static long[] oneTwoFive(long from, long to) {
    return LongStream.iterate(from, decade -> decade <= to, decade -> decade * 10)
        .flatMap(decade -> LongStream.of(decade, 2 * decade, 5 * decade))
        .filter(bound -> bound <= to)
        .toArray();
  }

  private int search(long value) {
    int bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]) {
      bucket++;
    }
    return bucket;
  }

  /** The number of buckets, including the one without a bound. */
  public int count() {
    return bounds.length + 1;
  }

  /** The upper bound of a bucket; the last one's is {@link Long#MAX_VALUE}. */
  public long upperBound(int bucket) {
    return bucket == bounds.length ? Long.MAX_VALUE : bounds[bucket];
  }

  /** The bucket that takes {@code value}; the first takes negative values. */
  int of(long value) {
    if (value < 0) {
      return 0;
    }
    int bucket = firstByBits[Long.SIZE - Long.numberOfLeadingZeros(value)];
    while (bucket < bounds.length && value > bounds[bucket]) {
      bucket++;
    }
    return bucket;
  }

  @Override
  public String toString() {
    return Arrays.toString(bounds);
  }
}
