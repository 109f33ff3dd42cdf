package dev.platter.emulator.measure.stages;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Maps times of another clock to System.nanoTime, by points at which both were read: between two
 * points, by a straight line; outside of them, by the difference at the nearest point.
 */
final class ClockMap {
  /**
   * Both clocks, read at one moment.
   *
   * @param from the other clock before System.nanoTime was read, in nanoseconds
   * @param to the other clock after it
   * @param nanoTime System.nanoTime
   */
  record Point(long from, long to, long nanoTime) {
    long middle() {
      return from + (to - from) / 2;
    }

    long width() {
      return to - from;
    }

    long difference() {
      return nanoTime - middle();
    }
  }

  private static final long WIDTH_ALLOWED_NANOS = 2_000;

  private final Point[] points;
  private final long errorNanos;

  /**
   * Takes the points. A point at which the reading thread was interrupted is used only if there are
   * no others.
   */
  ClockMap(List<Point> read) {
    long best = read.stream().mapToLong(Point::width).min().orElse(0);
    List<Point> good =
        new ArrayList<>(
            read.stream()
                .filter(point -> point.width() <= Math.max(WIDTH_ALLOWED_NANOS, best))
                .toList());
    good.sort(Comparator.comparingLong(Point::from));
    points = good.toArray(Point[]::new);
    errorNanos = error();
  }

  /**
   * The error: the width of the readings, and the distance of each point from the line between its
   * neighbours.
   */
  private long error() {
    long width = Arrays.stream(points).mapToLong(Point::width).max().orElse(0);
    long residual = 0;
    for (int i = 1; i + 1 < points.length; i++) {
      long expected = between(points[i - 1], points[i + 1], points[i].middle());
      residual = Math.max(residual, Math.abs(expected - points[i].nanoTime()));
    }
    return width / 2 + residual;
  }

  /** Whether there is any point to map by. */
  boolean isEmpty() {
    return points.length == 0;
  }

  /** How far a mapped time may be off, estimated from the points. */
  long errorNanos() {
    return errorNanos;
  }

  /** Maps a time of the other clock to that of System.nanoTime. */
  long nanoTime(long other) {
    int after = firstAfter(other);
    if (after == 0) {
      return other + points[0].difference();
    }
    if (after == points.length) {
      return other + points[after - 1].difference();
    }
    return between(points[after - 1], points[after], other);
  }

  private int firstAfter(long other) {
    int low = 0;
    int high = points.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (points[middle].middle() <= other) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private static long between(Point a, Point b, long other) {
    double part = (double) (other - a.middle()) / Math.max(1, b.middle() - a.middle());
    return other + a.difference() + Math.round(part * (b.difference() - a.difference()));
  }
}
