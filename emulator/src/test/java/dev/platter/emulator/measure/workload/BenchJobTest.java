package dev.platter.emulator.measure.workload;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.block.meter.Operation;
import dev.platter.emulator.measure.workload.Bench.Jobs;
import dev.platter.emulator.measure.workload.Bench.Mix;
import dev.platter.emulator.measure.workload.Bench.Pattern;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a job does where and when; times are given, not waited for. */
class BenchJobTest {
  private static final long MILLI = 1_000_000;
  private static final int BLOCK = 4096;
  private static final long DISK = 100L * BLOCK;

  private static BenchJob job(Pattern pattern, Mix mix, Jobs jobs, int index, int depth) {
    return new BenchJob(
        new Bench.Options(pattern, BLOCK, BLOCK, depth, 0, 1, 2, 1, mix, jobs), index, DISK, depth);
  }

  private static BenchJob paced(long thinkNanos, int rate, int depth) {
    return job(Pattern.RANDREAD, Mix.EVEN, new Jobs(1, thinkNanos, rate), 0, depth);
  }

  private static Map<Operation, Integer> drawn(Pattern pattern, Mix mix) {
    BenchJob job = job(pattern, mix, Jobs.ONE, 0, 1);
    Map<Operation, Integer> counts = new EnumMap<>(Operation.class);
    for (int i = 0; i < 10_000; i++) {
      counts.merge(job.drawOperation(), 1, Integer::sum);
    }
    return counts;
  }

  @Test
  void aMixHasItsShares() {
    assertThat(drawn(Pattern.RANDRW, new Mix(70, 0)).get(Operation.READ)).isBetween(6_800, 7_200);
    assertThat(drawn(Pattern.RW, new Mix(100, 0))).containsOnlyKeys(Operation.READ);
    assertThat(drawn(Pattern.RW, new Mix(0, 0))).containsOnlyKeys(Operation.WRITE);
    Map<Operation, Integer> three = drawn(Pattern.RANDRW, new Mix(50, 20));
    assertThat(three.get(Operation.DISCARD)).isBetween(1_850, 2_150);
    assertThat(three.get(Operation.READ)).isBetween(3_800, 4_200);
    assertThat(three.get(Operation.WRITE)).isBetween(3_800, 4_200);
    // The mix is of the patterns that mix.
    assertThat(drawn(Pattern.RANDREAD, new Mix(0, 50))).containsOnlyKeys(Operation.READ);
    assertThat(drawn(Pattern.TRIM, Mix.EVEN)).containsOnlyKeys(Operation.DISCARD);
  }

  @Test
  void jobsInSequenceBeginApartAndReadsApartFromWrites() {
    BenchJob third = job(Pattern.RW, Mix.EVEN, new Jobs(4, 0, 0), 2, 1);
    assertThat(third.drawOffset(Operation.READ, BLOCK)).isEqualTo(50L * BLOCK);
    assertThat(third.drawOffset(Operation.READ, BLOCK)).isEqualTo(51L * BLOCK);
    assertThat(third.drawOffset(Operation.WRITE, BLOCK)).isEqualTo(50L * BLOCK);
    for (int i = 52; i < 100; i++) {
      third.drawOffset(Operation.READ, BLOCK);
    }
    assertThat(third.drawOffset(Operation.READ, BLOCK)).as("from the start again").isZero();
  }

  @Test
  void jobsDrawDifferentPlaces() {
    Jobs two = new Jobs(2, 0, 0);
    BenchJob first = job(Pattern.RANDREAD, Mix.EVEN, two, 0, 1);
    BenchJob second = job(Pattern.RANDREAD, Mix.EVEN, two, 1, 1);
    List<Long> ofFirst = new ArrayList<>();
    List<Long> ofSecond = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      ofFirst.add(first.drawOffset(Operation.READ, BLOCK));
      ofSecond.add(second.drawOffset(Operation.READ, BLOCK));
    }
    // Nor the same places a little later.
    assertThat(ofSecond.subList(0, 10)).isNotEqualTo(ofFirst.subList(0, 10));
    for (int shift = 1; shift <= 10; shift++) {
      assertThat(ofSecond.subList(0, 10)).isNotEqualTo(ofFirst.subList(shift, shift + 10));
      assertThat(ofFirst.subList(0, 10)).isNotEqualTo(ofSecond.subList(shift, shift + 10));
    }
  }

  @Test
  void aRateSpreadsRequestsAndCatchesUpAfterAStall() {
    BenchJob job = paced(0, 1000, 2);
    job.paceBegins(0);
    job.becomesIdle(0, 0);
    job.becomesIdle(1, 0);
    assertThat(job.dueNanos()).isZero();
    assertThat(job.takeIdle()).isZero();
    assertThat(job.dueNanos()).isEqualTo(MILLI);
    assertThat(job.takeIdle()).isEqualTo(1);
    assertThat(job.hasIdle()).isFalse();
    // Both come back 10 ms late: they are due at once, and the schedule goes on from 2 ms.
    job.becomesIdle(1, 12 * MILLI);
    job.becomesIdle(0, 12 * MILLI);
    assertThat(job.dueNanos()).isEqualTo(12 * MILLI);
    assertThat(job.takeIdle()).isEqualTo(1);
    assertThat(job.dueNanos()).isEqualTo(12 * MILLI);
    assertThat(job.takeIdle()).isZero();
    for (int request = 4; request < 20; request++) {
      job.becomesIdle(0, 12 * MILLI);
      assertThat(job.dueNanos()).isEqualTo(Math.max(12, request) * MILLI);
      assertThat(job.takeIdle()).isZero();
    }
  }

  @Test
  void aThinkTimeIsBetweenACompletionAndTheNextRequest() {
    BenchJob job = paced(5 * MILLI, 0, 2);
    job.paceBegins(0);
    job.becomesIdle(1, 10 * MILLI);
    job.becomesIdle(0, 11 * MILLI);
    assertThat(job.dueNanos()).isEqualTo(15 * MILLI);
    assertThat(job.takeIdle()).isEqualTo(1);
    assertThat(job.dueNanos()).isEqualTo(16 * MILLI);
    // With a rate, the later of the two.
    BenchJob both = paced(5 * MILLI, 100, 1);
    both.paceBegins(0);
    both.becomesIdle(0, -5 * MILLI);
    both.takeIdle();
    both.becomesIdle(0, MILLI);
    assertThat(both.dueNanos()).isEqualTo(10 * MILLI);
    both.takeIdle();
    both.becomesIdle(0, 18 * MILLI);
    assertThat(both.dueNanos()).isEqualTo(23 * MILLI);
  }

  @Test
  void aFlushIsDueAfterItsWritesAndAloneOfItsJob() {
    BenchJob job = job(Pattern.RANDWRITE, Mix.EVEN, Jobs.ONE, 0, 1);
    job.writeStarts();
    assertThat(job.wantsFlush()).isFalse();
    job.writeStarts();
    assertThat(job.wantsFlush()).isTrue();
    job.flushStarts();
    job.writeStarts();
    job.writeStarts();
    assertThat(job.wantsFlush()).isFalse();
    job.flushEnds();
    assertThat(job.wantsFlush()).isTrue();
  }
}
