package dev.platter.emulator.result;

import dev.platter.emulator.text.Statistics;
import dev.platter.emulator.text.TextParagraph;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleFunction;
import org.jspecify.annotations.Nullable;

/** Lines below a table: of how many runs each row's figures are, and how far those lie apart. */
final class SpreadLines {
  private final StringBuilder text = new StringBuilder();
  private boolean several;

  /**
   * Adds a row; one of a single run has no spread, and no line.
   *
   * @param row its name
   * @param values what each run measured
   * @param shown shows such a value
   * @param unit its unit
   * @param comparisons what its runs are compared with, and how
   */
  void add(
      String row,
      double[] values,
      DoubleFunction<String> shown,
      String unit,
      List<Baseline> comparisons) {
    if (values.length < 2) {
      return;
    }
    several = true;
    List<String> parts = new ArrayList<>();
    parts.add(
        values.length
            + " runs, "
            + shown.apply(Statistics.min(values))
            + " to "
            + shown.apply(Statistics.max(values))
            + " "
            + unit);
    for (Baseline comparison : comparisons) {
      Pairs pairs = comparison.pairs();
      if (pairs != null) {
        parts.add("to " + comparison.base() + ": " + pairs.words());
      }
    }
    text.append(TextParagraph.of(row + ": ", "  ", String.join("; ", parts)));
  }

  /**
   * What a row's runs are compared with.
   *
   * @param base the other row's name
   * @param pairs null without pairs
   */
  record Baseline(String base, @Nullable Pairs pairs) {}

  /** The lines, or that there was one run of each. */
  String render() {
    return several
        ? text.toString()
        : "one run of each: take --runs 5 before relying on a difference\n";
  }
}
