package dev.platter.emulator.measure.stages;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.measure.stages.ClockMap.Point;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class ClockMapTest {
  private static final long SECOND = 1_000_000_000;

  /** The other clock is a day ahead and runs 40 ppm faster. */
  private static long other(long nanoTime) {
    return nanoTime + nanoTime / 25_000 + 86_400 * SECOND;
  }

  private static Point point(long nanoTime, long width) {
    return new Point(other(nanoTime) - width / 2, other(nanoTime) + width / 2, nanoTime);
  }

  @Test
  @DisplayName("A clock that drifts by 40 ppm is followed to the width of the readings")
  void drift() {
    List<Point> points = new ArrayList<>();
    for (int i = 0; i <= 600; i++) {
      points.add(point(i * SECOND / 10, 100 + i % 7 * 20));
    }
    ClockMap map = new ClockMap(points);
    assertThat(map.errorNanos()).isBetween(100L, 120L);
    for (long at = 0; at <= 60 * SECOND; at += SECOND / 33) {
      assertThat(map.nanoTime(other(at))).isBetween(at - 5, at + 5);
    }
  }

  @Test
  @DisplayName("Readings with a pause in the middle are left out")
  void interruptedReadings() {
    List<Point> points = new ArrayList<>();
    points.add(point(0, 200));
    points.add(new Point(other(SECOND), other(SECOND) + 5_000_000, SECOND));
    points.add(point(2 * SECOND, 200));
    assertThat(new ClockMap(points).nanoTime(other(SECOND))).isBetween(SECOND - 2, SECOND + 2);
  }

  @Test
  void aJumpBetweenPointsShowsInTheError() {
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      long jump = i < 5 ? 0 : 3_000_000;
      points.add(new Point(i * SECOND + jump, i * SECOND + jump + 100, i * SECOND));
    }
    assertThat(new ClockMap(points).errorNanos()).isGreaterThan(1_000_000);
  }

  @Test
  void outsideThePointsTheNearestCounts() {
    ClockMap map = new ClockMap(List.of(new Point(100, 102, 1001), new Point(200, 202, 1103)));
    assertThat(map.nanoTime(50)).isEqualTo(950);
    assertThat(map.nanoTime(301)).isEqualTo(1203);
    assertThat(map.isEmpty()).isFalse();
    assertThat(new ClockMap(List.of()).isEmpty()).isTrue();
    ClockMap wide = new ClockMap(List.of(new Point(0, 1_000_000, 500_000)));
    assertThat(wide.nanoTime(7)).isEqualTo(7);
    assertThat(wide.errorNanos()).isEqualTo(500_000);
  }

  @Test
  @DisplayName("A day of readings is followed with a bounded number of them")
  void manyReadings() {
    ClockPoints points = new ClockPoints();
    long period = SECOND / 10;
    int readings = 864_000;
    for (int i = 0; i < readings; i++) {
      points.add(point(i * period, 100));
    }
    assertThat(points.points().size()).isBetween(ClockPoints.CAPACITY / 4, ClockPoints.CAPACITY);
    ClockMap map = new ClockMap(points.points());
    for (long i = 0; i < 800_000; i += 997) {
      assertThat(map.nanoTime(other(i * period + 7))).isBetween(i * period + 2, i * period + 12);
    }
  }
}
