package dev.platter.emulator.measure.stages;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.meter.Operation;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class RequestRecordTest {
  private static final double NO = Double.NaN;

  private static RequestRecord set(Timeline timeline) {
    return Timelines.record(timeline);
  }

  @Test
  @DisplayName("The stages of 100,000 random timelines add up to the whole, exactly")
  void stagesAddUp() {
    SplittableRandom random = new SplittableRandom(4);
    RequestRecord request = new RequestRecord();
    int disordered = 0;
    int seen = 0;
    for (int i = 0; i < 100_000; i++) {
      Timeline timeline = Timelines.random(random);
      if (!request.set(timeline, Stamp.SUBMITTED, Operation.READ, 0, 0)) {
        continue;
      }
      seen++;
      long sum = 0;
      long at = request.beginNanos();
      Stamp first = null;
      Stamp last = null;
      for (Stamp stamp : Stamp.values()) {
        assertThat(request.passed(stamp)).isEqualTo(timeline.has(stamp));
        if (request.passed(stamp)) {
          first = first == null ? stamp : first;
          last = stamp;
        }
        if (request.hasStage(stamp)) {
          assertThat(request.stageNanos(stamp)).isNotNegative();
          assertThat(request.stageBeginNanos(stamp)).isEqualTo(at);
          sum += request.stageNanos(stamp);
          at = request.stageEndNanos(stamp);
        }
      }
      assertThat(first).isNotNull();
      assertThat(last).isNotNull();
      long whole = Math.max(0, timeline.at(last) - timeline.at(first));
      assertThat(request.endToEndNanos()).isEqualTo(whole);
      assertThat(sum).isEqualTo(whole);
      assertThat(request.endNanos()).isEqualTo(at);
      disordered += request.clamped() == 0 ? 0 : 1;
    }
    assertThat(seen).isGreaterThan(99_000);
    assertThat(disordered).isBetween(10_000, 90_000);
  }

  @Test
  void orderedStampsAreLeftAlone() {
    RequestRecord request = set(Timelines.of(0, 1, 3, 6, 10, 15, 21, 28, 36, 45, 55));
    assertThat(request.clamped()).isZero();
    long expected = 0;
    for (Stamp stamp : Stamp.values()) {
      assertThat(request.hasStage(stamp)).isEqualTo(stamp != Stamp.SUBMITTED);
      if (request.hasStage(stamp)) {
        assertThat(request.stageNanos(stamp)).as(stamp.stage()).isEqualTo(expected += 1000);
      }
    }
  }

  @Test
  void aMissingStationsTimeBelongsToTheNextStage() {
    RequestRecord request = set(Timelines.of(0, NO, NO, 5, 6, 7, 8));
    assertThat(request.hasStage(Stamp.DOORBELL)).isFalse();
    assertThat(request.stageNanos(Stamp.HANDLED)).isEqualTo(5000);
    assertThat(request.endToEndNanos()).isEqualTo(8000);
  }

  @Test
  @DisplayName("An interrupt line that was up already, and one raised after the guest had looked")
  void racingStampsAreMovedBetweenTheirNeighbours() {
    RequestRecord early = set(Timelines.of(0, 1, 2, 3, 4, 5, 6, 7, 8, -40, 10));
    assertThat(early.clamped()).isEqualTo(1 << Stamp.INTERRUPT.index());
    assertThat(early.stageNanos(Stamp.INTERRUPT)).isZero();
    assertThat(early.stageNanos(Stamp.SEEN)).isEqualTo(2000);
    RequestRecord late = set(Timelines.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 10));
    assertThat(late.clamped()).isEqualTo(1 << Stamp.INTERRUPT.index());
    assertThat(late.stageNanos(Stamp.INTERRUPT)).isEqualTo(2000);
    assertThat(late.stageNanos(Stamp.SEEN)).isZero();
    assertThat(late.endToEndNanos()).isEqualTo(10_000);
  }

  @Test
  void anEndBeforeTheBeginIsNothing() {
    RequestRecord request = set(Timelines.of(10, 5));
    assertThat(request.endToEndNanos()).isZero();
    assertThat(request.clamped()).isEqualTo(1 << Stamp.DOORBELL.index());
  }

  @Test
  void oneStationIsNoRequest() {
    RequestRecord request = new RequestRecord();
    assertThat(request.set(new Timeline(), Stamp.SUBMITTED, Operation.READ, 0, 0)).isFalse();
    assertThat(request.set(Timelines.of(3), Stamp.SUBMITTED, Operation.READ, 0, 0)).isFalse();
  }

  @Test
  @DisplayName("A server's request begins where the server first sees it")
  void stampsBeforeTheFirstStationAreIgnored() {
    RequestRecord request = new RequestRecord();
    Timeline timeline = Timelines.of(0, 1, 2, 3, 5, 9);
    assertThat(request.set(timeline, Stamp.HANDLED, Operation.READ, 0, 0)).isTrue();
    assertThat(request.passed(Stamp.DOORBELL)).isFalse();
    assertThat(request.beginNanos()).isEqualTo(Timelines.nanos(3));
    assertThat(request.endToEndNanos()).isEqualTo(6000);
  }

  @Test
  @DisplayName("A record that is used again keeps nothing of the request before")
  void reuse() {
    RequestRecord request = new RequestRecord();
    Timeline first = Timelines.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    first.waitsForRoom();
    first.waitedForLock("vcpu0", 77);
    request.set(first, Stamp.SUBMITTED, Operation.WRITE, 1, 2);
    request.set(Timelines.of(0, NO, NO, 7), Stamp.SUBMITTED, Operation.FLUSH, 0, 0);
    assertThat(request.passed(Stamp.SEEN)).isFalse();
    assertThat(request.endToEndNanos()).isEqualTo(7000);
    assertThat(request.waitedForRoom()).isFalse();
    assertThat(request.lockHolder()).isNull();
    assertThat(request.lockHeldNanos()).isZero();
    assertThat(request.operationName()).isEqualTo("flush");
  }
}
