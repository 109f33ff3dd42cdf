package dev.platter.emulator.result.page;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.result.page.Judgement.Answer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

class JudgementTest {
  private static Spread spread(double... runs) {
    List<Object> samples = new ArrayList<>();
    for (double run : runs) {
      samples.add(Map.of("partial", false, "total_seconds", run));
    }
    double[] sorted = runs.clone();
    Arrays.sort(sorted);
    return spread(
        Map.of("samples", samples, "total_seconds", Map.of("median", sorted[runs.length / 2])));
  }

  private static Spread spread(Map<String, ?> row) {
    return Objects.requireNonNull(Spread.of(new Fields("", row), Measure.TIME));
  }

  private static Answer answer(Spread base, Spread other) {
    return Judgement.of(Measure.TIME, base, other, false).answer();
  }

  @Test
  void fiveRunsThatLieApartDiffer() {
    Spread base = spread(1.00, 1.01, 1.02, 1.03, 1.04);
    assertThat(answer(base, spread(1.05, 1.06, 1.07, 1.08, 1.09))).isEqualTo(Answer.WORSE);
    assertThat(answer(base, spread(0.95, 0.96, 0.97, 0.98, 0.99))).isEqualTo(Answer.BETTER);
    assertThat(answer(base, spread(1.04, 1.06, 1.07, 1.08, 1.09))).isEqualTo(Answer.NOISE);
    Judgement partial = Judgement.of(Measure.TIME, base, spread(9, 9, 9, 9, 9), true);
    assertThat(partial.answer()).isEqualTo(Answer.UNKNOWN);
    assertThat(partial.sentence()).startsWith("unknown, a run ended early: 9.000");
  }

  @Test
  void moreRequestsPerSecondAreBetter() {
    Spread base = spread(1.00, 1.01, 1.02, 1.03, 1.04);
    Spread more = spread(1.05, 1.06, 1.07, 1.08, 1.09);
    assertThat(Judgement.of(Measure.IOPS, base, more, false).answer()).isEqualTo(Answer.BETTER);
  }

  @Test
  void fewRunsDifferOnlyIfTheyLieFarApart() {
    assertThat(answer(spread(1.00, 1.02, 1.04), spread(1.05, 1.06, 1.07)))
        .isEqualTo(Answer.UNKNOWN);
    assertThat(answer(spread(0.157, 0.159, 0.176), spread(4.01, 4.01, 4.08)))
        .isEqualTo(Answer.WORSE);
    assertThat(answer(spread(1.00, 1.01), spread(20, 21))).isEqualTo(Answer.WORSE);
    assertThat(answer(spread(1.00), spread(20))).isEqualTo(Answer.UNKNOWN);
    assertThat(answer(spread(1.00), spread(20, 20, 20, 20, 20))).isEqualTo(Answer.UNKNOWN);
  }

  @Test
  void ofManyRunsSomeMayLieAnywhere() {
    double[] base = new double[20];
    double[] other = new double[20];
    for (int i = 0; i < 20; i++) {
      base[i] = 1 + i * 0.001;
      other[i] = 1.1 + i * 0.001;
    }
    base[19] = 7;
    other[0] = 0.1;
    assertThat(answer(spread(base), spread(other))).isEqualTo(Answer.WORSE);
    // Six of twenty on each side: 1 - 2 * 0.0207 is the largest level of at least 95 %.
    assertThat(spread(base).low()).isEqualTo(1.005);
    assertThat(spread(base).high()).isEqualTo(1.014);
  }

  @Test
  void olderResultsHaveTheLeastAndTheLargestRun() {
    Map<String, ?> saved =
        Map.of("runs", 5, "total_seconds", Map.of("median", 1, "min", 0.9, "max", 1.2));
    assertThat(spread(saved)).isEqualTo(new Spread(1, 0.9, 1.2, 5));
    Map<String, ?> figure = Map.of("runs", 5, "latency_us", Map.of("p99", 7));
    assertThat(Spread.of(new Fields("", figure), Measure.P99)).isEqualTo(new Spread(7, 7, 7, 0));
    assertThat(Spread.of(new Fields("", figure), Measure.TIME)).isNull();
  }

  @Test
  void runsThatWereInterruptedDoNotCount() {
    Map<String, ?> row =
        Map.of(
            "total_seconds",
            Map.of("median", 2),
            "samples",
            List.of(
                Map.of("partial", true, "total_seconds", 0.1),
                Map.of("partial", false, "total_seconds", 2),
                Map.of("partial", false, "total_seconds", 3)));
    assertThat(spread(row)).isEqualTo(new Spread(2.5, 2, 3, 2));
  }

  /** A row whose p99 is that of all requests of all runs, as documents have it. */
  private static Spread p99(double ofAll, double... runs) {
    List<Object> samples = new ArrayList<>();
    for (double run : runs) {
      samples.add(Map.of("latency_us", Map.of("p99", run)));
    }
    Map<String, ?> row = Map.of("latency_us", Map.of("p99", ofAll), "samples", samples);
    return Objects.requireNonNull(Spread.of(new Fields("", row), Measure.P99));
  }

  @Test
  void verdictRatioAndRangeAreOfTheSameRuns() {
    Random random = new Random(7);
    int apart = 0;
    for (int round = 0; round < 2000; round++) {
      double[] base = draw(random, 2 + random.nextInt(14));
      double[] other = draw(random, 2 + random.nextInt(14));
      double factor = 0.8 + 0.4 * random.nextDouble();
      Arrays.setAll(other, i -> factor * other[i]);
      // One bad run decides what is the p99 of all requests.
      base[0] *= random.nextBoolean() ? 100 : 1;
      other[0] *= random.nextBoolean() ? 100 : 1;
      Judgement judgement =
          Judgement.of(
              Measure.P99,
              p99(Arrays.stream(base).max().orElseThrow(), base),
              p99(Arrays.stream(other).max().orElseThrow(), other),
              false);
      for (Spread spread : List.of(judgement.base(), judgement.other())) {
        assertThat(spread.value()).isBetween(spread.low(), spread.high());
      }
      switch (judgement.answer()) {
        case BETTER -> assertThat(judgement.ratio()).isLessThan(1);
        case WORSE -> assertThat(judgement.ratio()).isGreaterThan(1);
        default -> {
          continue;
        }
      }
      apart++;
    }
    assertThat(apart).isBetween(100, 1900);
  }

  @Test
  void runsWithTooFewRequestsAreToldToRunLonger() {
    Map<String, Object> micros = new HashMap<>(Map.of("p99", 7));
    micros.put("p99_9", null);
    Map<String, ?> sample = Map.of("partial", false, "latency_us", micros);
    Map<String, ?> row =
        Map.of("samples", List.of(sample, sample), "latency_us", Map.of("p99", 7, "p99_9", 9));
    assertThat(because(row, Measure.P99_9))
        .isEqualTo("single runs have too few requests for this figure; run longer");
    assertThat(because(row, Measure.P99)).isEmpty();
    assertThat(because(Map.of("latency_us", Map.of("p99_9", 9)), Measure.P99_9))
        .isEqualTo("the figures of single runs were not saved; take `--runs 5`");
  }

  private static String because(Map<String, ?> row, Measure measure) {
    Spread spread = Objects.requireNonNull(Spread.of(new Fields("", row), measure));
    return Judgement.of(measure, spread, spread, false).because();
  }

  /** Two results of the same thing are told apart seldom, whatever their number of runs. */
  @Test
  void noDifferenceIsSeldomCalledOne() {
    Random random = new Random(7);
    for (int runs : new int[] {2, 3, 4, 5, 8, 12, 20}) {
      int wrong = 0;
      for (int i = 0; i < 2000; i++) {
        Answer answer = answer(spread(draw(random, runs)), spread(draw(random, runs)));
        if (answer == Answer.BETTER || answer == Answer.WORSE) {
          wrong++;
        }
      }
      assertThat(wrong).as(runs + " runs each").isLessThan(100);
    }
  }

  /** And a large one is found. */
  @Test
  void aLargeDifferenceIsFound() {
    Random random = new Random(7);
    for (int runs : new int[] {3, 5, 12}) {
      for (int i = 0; i < 200; i++) {
        double[] slow = Arrays.stream(draw(random, runs)).map(run -> 20 * run).toArray();
        assertThat(answer(spread(draw(random, runs)), spread(slow))).isEqualTo(Answer.WORSE);
      }
    }
  }

  private static double[] draw(Random random, int runs) {
    return random.doubles(runs).map(uniform -> 1 + 0.1 * uniform).toArray();
  }

  @Test
  void differencesAreSaidInWords() {
    assertThat(said(Measure.TIME, 1, 1.12)).isEqualTo("12.0\u00a0% more time");
    assertThat(said(Measure.TIME, 1, 25.4)).isEqualTo("25.4 times the time");
    assertThat(said(Measure.TIME, 25, 1)).isEqualTo("0.04 times the time");
    assertThat(said(Measure.TIME, 0, 0.1)).isEqualTo("0.100\u00a0s instead of 0");
    assertThat(said(Measure.IOPS, 100, 99)).isEqualTo("1.00\u00a0% fewer IOPS");
    assertThat(said(Measure.P99, 100, 150)).isEqualTo("50.0\u00a0% higher p99");
    assertThat(said(Measure.THROUGHPUT, 100, 90)).isEqualTo("10.0\u00a0% less throughput");
  }

  private static String said(Measure measure, double base, double other) {
    return Judgement.of(
            measure, new Spread(base, base, base, 5), new Spread(other, other, other, 5), false)
        .byHowMuch();
  }
}
