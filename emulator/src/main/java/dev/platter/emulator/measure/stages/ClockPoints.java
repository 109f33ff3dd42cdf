package dev.platter.emulator.measure.stages;

import java.util.ArrayList;
import java.util.List;

/** A bounded number of readings of two clocks: when it is full, it drops every second reading. */
final class ClockPoints {
  /** How many readings are kept at most. */
  static final int CAPACITY = 8192;

  private final List<ClockMap.Point> points = new ArrayList<>();
  private int step = 1;
  private int offered;

  /**
   * Offers a reading. After the first time that the limit was reached, only some readings are kept.
   */
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
