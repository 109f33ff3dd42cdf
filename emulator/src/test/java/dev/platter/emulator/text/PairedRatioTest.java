package dev.platter.emulator.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.platter.emulator.text.PairedRatio.Answer;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PairedRatioTest {
  /** So that the k-th smallest of n is k. */
  private static double[] oneToN(int n) {
    return IntStream.rangeClosed(1, n).mapToDouble(i -> i).toArray();
  }

  /** From the published tables of confidence intervals for the median by order statistics. */
  @ParameterizedTest
  @CsvSource({
    "6,  0.95, 1, 6,   0.96875",
    "8,  0.95, 1, 8,   0.99219",
    "9,  0.95, 2, 8,   0.96094",
    "10, 0.95, 2, 9,   0.97852",
    "12, 0.95, 3, 10,  0.96143",
    "20, 0.95, 6, 15,  0.95861",
    "25, 0.95, 8, 18,  0.95671",
    "11, 0.99, 1, 11,  0.99902",
    "20, 0.99, 4, 17,  0.99742",
  })
  void theIntervalIsTheNarrowestOfTheLevel(
      int pairs, double level, double low, double high, double coverage) {
    PairedRatio ratio = PairedRatio.of(oneToN(pairs), level);
    assertThat(ratio.pairs()).isEqualTo(pairs);
    assertThat(ratio.low()).isEqualTo(low);
    assertThat(ratio.high()).isEqualTo(high);
    assertThat(ratio.coverage()).isCloseTo(coverage, within(1e-5));
    assertThat(ratio.sufficient()).isTrue();
    assertThat(ratio.median()).isEqualTo((pairs + 1) / 2.0);
  }

  @Test
  void fivePairsDoNotMake95Percent() {
    PairedRatio five = PairedRatio.of(new double[] {1.3, 1.1, 1.2, 1.5, 1.4}, 0.95);
    assertThat(five.coverage()).isEqualTo(0.9375);
    assertThat(five.answer()).isEqualTo(Answer.TOO_FEW_PAIRS);
    assertThat(five.median()).isEqualTo(1.3);
    assertThat(PairedRatio.pairsNeeded(0.95)).isEqualTo(6);
    assertThat(PairedRatio.pairsNeeded(0.9375)).isEqualTo(5);
    // For 32 comparisons that hold together at 95 %.
    assertThat(PairedRatio.pairsNeeded(1 - 0.05 / 32)).isEqualTo(11);
    assertThat(PairedRatio.of(new double[] {1}, 0.95).sufficient()).isFalse();
  }

  @Test
  void theAnswerIsWhatTheIntervalSays() {
    assertThat(PairedRatio.of(new double[] {1.01, 1.02, 1.03, 1.02, 1.04, 1.01}, 0.95).answer())
        .isEqualTo(Answer.GAIN);
    assertThat(PairedRatio.of(new double[] {0.98, 0.97, 0.95, 0.99, 0.96, 0.97}, 0.95).answer())
        .isEqualTo(Answer.LOSS);
    assertThat(PairedRatio.of(new double[] {1.1, 1.2, 1.3, 1.2, 1.4, 0.99}, 0.95).answer())
        .isEqualTo(Answer.INCONCLUSIVE);
    assertThat(PairedRatio.of(new double[] {0.02, 1.57, 1, 1.01, 0.99, 1}, 0.95).answer())
        .as("from -98 % to +57 %")
        .isEqualTo(Answer.INCONCLUSIVE);
    assertThat(PairedRatio.of(new double[] {0.96, 1.049, 1, 1.01, 0.99, 1}, 0.95).answer())
        .as("all within 5 %")
        .isEqualTo(Answer.NO_DIFFERENCE);
    assertThat(PairedRatio.of(new double[] {0.94, 1.01, 1, 1.01, 0.99, 1}, 0.95).answer())
        .isEqualTo(Answer.INCONCLUSIVE);
    assertThat(PairedRatio.of(new double[] {0.99, 1.06, 1, 1.01, 0.99, 1}, 0.95).answer())
        .isEqualTo(Answer.INCONCLUSIVE);
    assertThat(PairedRatio.marginText()).isEqualTo("5 %");
    assertThat(PairedRatio.of(new double[] {1, 1, 1, 1, 1, 1}, 0.95).answer())
        .isEqualTo(Answer.NO_DIFFERENCE);
  }

  /** As the command does it: 32 comparisons of 12 pairs, at a level that covers them all. */
  @Test
  void noiseIsHardlyEverCalledADifference() {
    Random random = new Random(1);
    int families = 1_000;
    int wrong = 0;
    for (int family = 0; family < families; family++) {
      boolean any = false;
      for (int comparison = 0; comparison < 32; comparison++) {
        Answer answer = ratio(random, 1).answer();
        any |= answer == Answer.GAIN || answer == Answer.LOSS;
      }
      wrong += any ? 1 : 0;
    }
    assertThat(wrong).isBetween(1, families / 20);
    assertThat(IntStream.range(0, 100).allMatch(i -> ratio(random, 1.5).answer() == Answer.GAIN))
        .isTrue();
  }

  /** Of two timings that are as noisy as each other. */
  private static PairedRatio ratio(Random random, double gain) {
    double[] ratios = new double[12];
    for (int i = 0; i < ratios.length; i++) {
      double mine = Math.exp(0.05 * random.nextGaussian());
      double base = Math.exp(0.05 * random.nextGaussian());
      ratios[i] = gain * mine / base;
    }
    return PairedRatio.of(ratios, 1 - 0.05 / 32);
  }
}
