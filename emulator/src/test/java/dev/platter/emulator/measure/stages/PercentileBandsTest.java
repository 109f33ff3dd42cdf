package dev.platter.emulator.measure.stages;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.meter.Operation;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PercentileBandsTest {
  private static long sum(PercentileBands bands, int band) {
    return Arrays.stream(Stamp.values()).mapToLong(end -> bands.sumNanos(band, end)).sum();
  }

  @Test
  void aBandHoldsThePercentileAndItsStagesAddUp() {
    SplittableRandom random = new SplittableRandom(11);
    PercentileBands bands = new PercentileBands();
    long[] wholes = new long[10_000];
    for (int i = 0; i < wholes.length; i++) {
      RequestRecord request = Timelines.record(Timelines.random(random));
      wholes[i] = request.endToEndNanos();
      bands.add(request);
    }
    Arrays.sort(wholes);
    for (double percentile : new double[] {0.01, 1, 50, 90, 99, 99.9, 100}) {
      int band = bands.bandAt(percentile);
      int rank = (int) Math.ceil(wholes.length * percentile / 100);
      long exact = wholes[rank - 1];
      double mean = (double) sum(bands, band) / bands.count(band);
      // All of a band lie within a sixteenth of an octave.
      assertThat(mean).isBetween(exact / 1.0626, exact * 1.0626 + 1);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 15, 16, 17, 31, 32, 1000, 60_000_000_000L, Long.MAX_VALUE})
  void everyLengthHasABand(long nanos) {
    PercentileBands bands = new PercentileBands();
    RequestRecord request = new RequestRecord();
    Timeline timeline = new Timeline();
    timeline.stamp(Stamp.SUBMITTED, 1);
    timeline.stamp(Stamp.SEEN, Math.max(nanos, 1 + nanos));
    request.set(timeline, Stamp.SUBMITTED, Operation.READ, 0, 0);
    bands.add(request);
    assertThat(bands.count(bands.bandAt(50))).isEqualTo(1);
    assertThat(sum(bands, bands.bandAt(50))).isEqualTo(request.endToEndNanos());
  }

  @Test
  void withoutRequestsThereIsNoBand() {
    assertThat(new PercentileBands().bandAt(50)).isEqualTo(-1);
  }

  @Test
  void bandsOfTwoRecordersAdd() {
    PercentileBands one = new PercentileBands();
    PercentileBands two = new PercentileBands();
    one.add(Timelines.record(Timelines.of(0, 10)));
    two.add(Timelines.record(Timelines.of(0, 10)));
    two.add(Timelines.record(Timelines.of(0, 900)));
    one.add(two);
    assertThat(one.count(one.bandAt(50))).isEqualTo(2);
    assertThat(one.sumNanos(one.bandAt(50), Stamp.DOORBELL)).isEqualTo(20_000);
    assertThat(one.sumNanos(one.bandAt(100), Stamp.DOORBELL)).isEqualTo(900_000);
    one.clear();
    assertThat(one.bandAt(50)).isEqualTo(-1);
  }
}
