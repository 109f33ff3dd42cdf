package dev.platter.emulator.measure.stages;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LatencyHistoryTest {
  private static final long MILLI = 1_000_000;

  private static long count(LatencyHistory line) {
    return IntStream.range(0, line.used()).mapToLong(line::count).sum();
  }

  @Test
  void theWidthDoublesWhenTheRunOutlastsTheBuckets() {
    LatencyHistory line = new LatencyHistory();
    line.add(0, 5);
    line.add(MILLI, 7);
    line.add(2 * MILLI, 11);
    line.add(511 * MILLI + MILLI - 1, 13);
    assertThat(line.widthNanos()).isEqualTo(MILLI);
    assertThat(line.used()).isEqualTo(LatencyHistory.BUCKETS);
    line.add(512 * MILLI, 17);
    assertThat(line.widthNanos()).isEqualTo(2 * MILLI);
    assertThat(line.count(0)).isEqualTo(2);
    assertThat(line.sumNanos(0)).isEqualTo(12);
    assertThat(line.maxNanos(0)).isEqualTo(7);
    assertThat(line.count(1)).isEqualTo(1);
    assertThat(line.maxNanos(255)).isEqualTo(13);
    assertThat(line.maxNanos(256)).isEqualTo(17);
    assertThat(line.used()).isEqualTo(257);
  }

  @Test
  void nothingIsLostHoweverLongTheRun() {
    SplittableRandom random = new SplittableRandom(3);
    LatencyHistory line = new LatencyHistory();
    long sum = 0;
    long max = 0;
    for (int i = 0; i < 5000; i++) {
      long latency = random.nextLong(1000);
      line.add(random.nextLong(1L << (20 + i / 250)), latency);
      sum += latency;
      max = Math.max(max, latency);
    }
    assertThat(count(line)).isEqualTo(5000);
    assertThat(IntStream.range(0, line.used()).mapToLong(line::sumNanos).sum()).isEqualTo(sum);
    assertThat(IntStream.range(0, line.used()).mapToLong(line::maxNanos).max()).hasValue(max);
  }

  @Test
  void requestsThatEndedBeforeTheBeginCountForTheFirstBucket() {
    LatencyHistory line = new LatencyHistory();
    line.add(-5, 1);
    assertThat(line.count(0)).isEqualTo(1);
  }

  @Test
  void linesOfDifferentWidthsAdd() {
    LatencyHistory narrow = new LatencyHistory();
    LatencyHistory wide = new LatencyHistory();
    narrow.add(3 * MILLI, 5);
    narrow.add(7 * MILLI, 6);
    wide.add(3000 * MILLI, 8);
    wide.add(3 * MILLI, 9);
    assertThat(wide.widthNanos()).isEqualTo(8 * MILLI);
    LatencyHistory one = new LatencyHistory();
    one.add(narrow);
    one.add(wide);
    LatencyHistory other = new LatencyHistory();
    other.add(wide);
    other.add(narrow);
    for (LatencyHistory sum : new LatencyHistory[] {one, other}) {
      assertThat(sum.widthNanos()).isEqualTo(8 * MILLI);
      assertThat(sum.count(0)).isEqualTo(3);
      assertThat(sum.sumNanos(0)).isEqualTo(20);
      assertThat(sum.maxNanos(0)).isEqualTo(9);
      assertThat(sum.count(375)).isEqualTo(1);
      assertThat(count(sum)).isEqualTo(4);
    }
  }
}
