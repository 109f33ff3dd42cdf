package dev.platter.emulator.text;

import java.util.Arrays;

/**
 * The median of paired ratios with a confidence interval that assumes nothing about how they are
 * distributed: its ends are two of the ratios themselves. Each of n independent ratios lies below
 * the true median with probability one half. So the k-th smallest and the k-th largest ratio
 * enclose the median, except with twice the binomial probability of fewer than k. Any other
 * independent figures may be given in the place of ratios.
 *
 * @param pairs how many there were
 * @param median the ratios' median
 * @param low lower end of the interval
 * @param high upper end of the interval
 * @param coverage the interval's exact level, at least the wanted one if {@code sufficient}
 * @param sufficient whether there were pairs enough for the wanted level
 */
public record PairedRatio(
    int pairs, double median, double low, double high, double coverage, boolean sufficient) {
  /** A ratio between 1 / (1 + MARGIN) and 1 + MARGIN counts as no difference. */
  public static final double MARGIN = 0.05;

  /** The conclusion that the interval allows. */
  public enum Answer {
    /** All of it lies above 1. */
    GAIN("gain"),
    /** All of it lies below 1. */
    LOSS("loss"),
    /** It includes 1 and ends within {@link PairedRatio#MARGIN} on both sides. */
    NO_DIFFERENCE("no difference"),
    /**
     * It includes 1 and reaches further: a difference that matters is possible, and none is
     * possible, too.
     */
    INCONCLUSIVE("inconclusive"),
    /** There were too few pairs for the level. */
    TOO_FEW_PAIRS("too few pairs");

    private final String words;

    Answer(String words) {
      this.words = words;
    }

    /** For people. */
    @Override
    public String toString() {
      return words;
    }
  }

  /**
   * Takes the median and the narrowest interval of at least the wanted level.
   *
   * @param ratios at least one, or other independent figures
   * @param level between 0 and 1
   */
  public static PairedRatio of(double[] ratios, double level) {
    double[] sorted = ratios.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    // How many ratios are left out on each side.
    int outside = 0;
    while (outside + 1 < (n + 1) / 2 && coverage(n, outside + 1) >= level) {
      outside++;
    }
    double coverage = coverage(n, outside);
    return new PairedRatio(
        n,
        (sorted[(n - 1) / 2] + sorted[n / 2]) / 2,
        sorted[outside],
        sorted[n - 1 - outside],
        coverage,
        coverage >= level);
  }

  /** The level of an interval that leaves out so many of n ratios on each side. */
  private static double coverage(int n, int outside) {
    double term = Math.pow(0.5, n);
    double tail = 0;
    for (int i = 0; i <= outside; i++) {
      tail += term;
      term = term * (n - i) / (i + 1);
    }
    return Math.max(0, 1 - 2 * tail);
  }

  /** How many pairs it takes before an interval of the level exists at all. */
  public static int pairsNeeded(double level) {
    int n = 1;
    while (coverage(n, 0) < level) {
      n++;
    }
    return n;
  }

  /** {@link #MARGIN} for people: {@code "5 %"}. */
  public static String marginText() {
    return Math.round(100 * MARGIN) + " %";
  }

  /** The conclusion. */
  public Answer answer() {
    if (!sufficient) {
      return Answer.TOO_FEW_PAIRS;
    }
    if (low > 1) {
      return Answer.GAIN;
    }
    if (high < 1) {
      return Answer.LOSS;
    }
    return low >= 1 / (1 + MARGIN) && high <= 1 + MARGIN
        ? Answer.NO_DIFFERENCE
        : Answer.INCONCLUSIVE;
  }
}
