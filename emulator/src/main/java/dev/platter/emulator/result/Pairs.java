package dev.platter.emulator.result;

import dev.platter.emulator.result.document.PairRatios;
import dev.platter.emulator.text.Statistics;
import dev.platter.emulator.text.Units;
import org.jspecify.annotations.Nullable;

/**
 * Ratios of runs of the same number, which were made one after the other: what a host does to both
 * of a pair is not in them.
 *
 * @param count how many pairs
 * @param median the median of their ratios
 * @param min the smallest
 * @param max the largest
 */
public record Pairs(int count, double median, double min, double max) {
  /** From the ratio of each pair; null without any. */
  static @Nullable Pairs of(double[] ratios) {
    return ratios.length == 0
        ? null
        : new Pairs(
            ratios.length,
            Statistics.median(ratios),
            Statistics.min(ratios),
            Statistics.max(ratios));
  }

  /** As JSON has it; null without any. */
  static @Nullable PairRatios rounded(@Nullable Pairs pairs) {
    return pairs == null
        ? null
        : new PairRatios(
            pairs.count,
            Units.rounded(pairs.median, 4),
            Units.rounded(pairs.min, 4),
            Units.rounded(pairs.max, 4));
  }

  /** For people: {@code "median of 5 pairs 1.01 (0.93 to 1.12)"}. */
  String words() {
    return count == 1
        ? "one pair " + Units.ratio(median)
        : "median of "
            + count
            + " pairs "
            + Units.ratio(median)
            + " ("
            + Units.ratio(min)
            + " to "
            + Units.ratio(max)
            + ")";
  }
}
