package dev.platter.emulator.measure.stages;

import java.util.Arrays;

/**
 * Busy times of a watched thing: intervals on the clock of {@link System#nanoTime}, in order. Each
 * goes from the first sample that saw it busy to the last.
 */
public final class BusyIntervals {
  /** No busy time. */
  public static final BusyIntervals NONE = new BusyIntervals(new long[0], new long[0]);

  private final long[] begins;
  private final long[] ends;

  /**
   * Creates intervals.
   *
   * @param begins when each begins, ascending
   * @param ends when each ends, not before its begin and not after the next begin
   */
  public BusyIntervals(long[] begins, long[] ends) {
    this.begins = begins.clone();
    this.ends = ends.clone();
  }

  /** How many there are. */
  public int count() {
    return begins.length;
  }

  /** Whether a busy interval overlaps a stretch of time, both ends included. */
  public boolean overlaps(long fromNanos, long toNanos) {
    // Finds the last interval that does not begin after the end. nanoTime may wrap, so differences
    // are compared.
    int low = 0;
    int high = begins.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (begins[middle] - toNanos <= 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low > 0 && ends[low - 1] - fromNanos >= 0;
  }

  @Override
  public String toString() {
    return Arrays.toString(begins) + " to " + Arrays.toString(ends);
  }
}
