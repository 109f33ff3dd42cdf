package dev.platter.emulator.lab;

import java.util.stream.DoubleStream;

/**
 * The exact one-sided rank-sum test of Wilcoxon, Mann and Whitney. It assumes nothing about the
 * distribution of samples; outliers count only by their ranks.
 */
public final class RankTest {
  private RankTest() {}

  /**
   * The probability that samples rank as high as these, or higher, if both groups have the same
   * distribution. It is the share, among all choices of so many values from both groups together,
   * of those with at least the same sum of ranks. Ties have the mean of their ranks.
   *
   * @return between 0 and 1; 1 if there are no samples on a side
   */
  public static double probabilityAbove(double[] samples, double[] others) {
    if (samples.length == 0 || others.length == 0) {
      return 1;
    }
    double[] all =
        DoubleStream.concat(DoubleStream.of(samples), DoubleStream.of(others)).sorted().toArray();
    int observed = DoubleStream.of(samples).mapToInt(one -> doubledRank(one, all)).sum();
    int largest = all.length * (all.length + 1);
    // The number of ways to choose so many of the first ranks with that sum.
    double[][] ways = new double[samples.length + 1][largest + 1];
    ways[0][0] = 1;
    for (double value : all) {
      int rank = doubledRank(value, all);
      for (int chosen = samples.length; chosen >= 1; chosen--) {
        for (int sum = largest; sum >= rank; sum--) {
          ways[chosen][sum] += ways[chosen - 1][sum - rank];
        }
      }
    }
    double atLeast = 0;
    double total = 0;
    for (int sum = 0; sum <= largest; sum++) {
      total += ways[samples.length][sum];
      atLeast += sum >= observed ? ways[samples.length][sum] : 0;
    }
    return atLeast / total;
  }

  /** Twice the mean rank of a value among all: a whole number. */
  private static int doubledRank(double value, double[] all) {
    int below = 0;
    int same = 0;
    for (double other : all) {
      below += other < value ? 1 : 0;
      same += other == value ? 1 : 0;
    }
    return 2 * below + same + 1;
  }
}
