package dev.platter.emulator.measure.stages;

import java.util.ArrayList;
import java.util.List;

/**
 * Readings of two clocks, a bounded number over any time: every second one goes when it is full.
 */
final class ClockPoints {
  /** How many are kept at most. */
  static final int CAPACITY = 8192;

  private final List<ClockMap.Point> points = new ArrayList<>();
  private int step = 1;
  private int offered;

  /** Offers a reading; once it was full, only some are taken. */
  void add(ClockMap.Point point) {
    if (offered++ % step != 0) {
      return;
    }
    points.add(point);
    if (points.size() == CAPACITY) {
      step *= 2;
      for (int i = 0; i < CAPACITY / 2; i++) {
        points.set(i, points.get(2 * i));
      }
      points.subList(CAPACITY / 2, CAPACITY).clear();
    }
  }

  List<ClockMap.Point> points() {
    return points;
  }
}
