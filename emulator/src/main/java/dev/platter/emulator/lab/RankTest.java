package dev.platter.emulator.lab;

import java.util.stream.DoubleStream;

/**
 * The exact one-sided rank-sum test of Wilcoxon, Mann and Whitney. It assumes nothing about how
 * samples are distributed; a few that lie far out count no more than by their ranks.
 */
public final class RankTest {
  private RankTest() {}

  /**
   * How probable it is that samples rank as high as these do, or higher, if they do not come from
   * anything larger than the others: of all ways to choose as many of both together, the share with
   * at least their sum of ranks. Ties have the mean of their ranks.
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
    // Ways to choose so many of the ranks seen so far with that sum.
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
