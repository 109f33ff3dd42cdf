package dev.platter.emulator.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class RankTestTest {
  private static double p(double[] samples, double... others) {
    return RankTest.probabilityAbove(samples, others);
  }

  @Test
  void countsTheWaysToChooseAsManyWithSuchRanks() {
    assertThat(p(new double[] {3, 4}, 1, 2)).isEqualTo(1 / 6.0, within(1e-12));
    assertThat(p(new double[] {1, 2}, 3, 4)).isEqualTo(1);
    assertThat(p(new double[] {2, 4}, 1, 3)).isEqualTo(2 / 6.0, within(1e-12));
    // All 5 of 20: 1 in 15,504; a tie with one of the others makes it 6.
    double[] ones = {1, 1, 1, 1, 1};
    double[] others = new double[15];
    assertThat(p(ones, others)).isEqualTo(1 / 15_504.0, within(1e-12));
    others[7] = 1;
    assertThat(p(ones, others)).isEqualTo(6 / 15_504.0, within(1e-12));
  }

  @Test
  void whatIsAllTheSameSaysNothing() {
    assertThat(p(new double[] {5, 5, 5}, 5, 5, 5)).isEqualTo(1);
    assertThat(p(new double[0], 1, 2)).isEqualTo(1);
    assertThat(p(new double[] {1})).isEqualTo(1);
  }

  /** From published tables of critical values: U of 2 for 5 and 5, one-sided at 2.5 %. */
  @Test
  void agreesWithPublishedCriticalValues() {
    // The others win 2 of the 25 comparisons, and then 3.
    assertThat(p(new double[] {4, 5, 6, 7, 8}, 1, 2, 3, 4.1, 4.2)).isLessThanOrEqualTo(0.025);
    assertThat(p(new double[] {4, 5, 6, 7, 8}, 1, 2, 4.05, 4.1, 4.2)).isGreaterThan(0.025);
  }

  @Test
  void chanceIsCalledAnEffectAsOftenAsTheLevelSays() {
    Random random = new Random(1);
    int called = 0;
    for (int i = 0; i < 2_000; i++) {
      double[] samples = random.doubles(5).toArray();
      double[] others = random.doubles(15).toArray();
      called += p(samples, others) <= 0.05 ? 1 : 0;
    }
    assertThat(called).isBetween(60, 120);
  }
}
