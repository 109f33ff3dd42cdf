package dev.platter.emulator.lab.ringflags;

import dev.platter.aio.ring.SetupFlag;
import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.FindingChart;
import dev.platter.emulator.lab.FindingTable;
import dev.platter.emulator.lab.ringflags.FlagLadder.Cell;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.text.PairedRatio;
import dev.platter.emulator.text.PairedRatio.Answer;
import dev.platter.emulator.text.Units;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Puts what the ladder of ring flags has measured into tables, a chart and sentences: each step is
 * compared with a ring without flags. One thread.
 */
final class LadderFinding {
  /** Error allowed for all comparisons together: the chance that any one interval is wrong. */
  private static final double FAMILY_ERROR = 0.05;

  private static final double LARGEST_PUBLISHED_PERCENT = 5.7;
  private static final int NAMED_COMPARISONS = 6;

  private record RungComparison(Cell cell, Rung rung, double iops, PairedRatio ratio) {
    boolean differs() {
      return ratio.answer() == Answer.GAIN || ratio.answer() == Answer.LOSS;
    }

    String text() {
      return String.format(
          Locale.ROOT,
          "%s %s %s %+.1f %% (%+.1f to %+.1f)",
          cell.device(),
          cell.workload(),
          rung,
          percent(ratio.median()),
          percent(ratio.low()),
          percent(ratio.high()));
    }
  }

  private final Finding finding;
  private final Map<SetupFlag, String> refused;
  private final List<String> sentences = new ArrayList<>();
  private final List<RungComparison> comparisons = new ArrayList<>();
  private int rounds;

  /**
   * Begins with nothing compared.
   *
   * @param finding gets tables, a chart and details
   * @param refused flags of the ladder that the kernel does not take, each with the reason
   */
  LadderFinding(Finding finding, Map<SetupFlag, String> refused) {
    this.finding = finding;
    this.refused = refused;
  }

  /** What was seen, in sentences. */
  List<String> sentences() {
    return sentences;
  }

  /** How many rounds were complete. */
  int rounds() {
    return rounds;
  }

  /** Whether a step costs more than it brings. */
  boolean showsLoss() {
    return comparisons.stream().anyMatch(one -> one.ratio().answer() == Answer.LOSS);
  }

  /** What the verdict leaves open: it is about flags and polling, not about gains. */
  String untold() {
    long open =
        comparisons.stream()
            .filter(one ->
                one.ratio().answer() == Answer.INCONCLUSIVE
                    || one.ratio().answer() == Answer.TOO_FEW_PAIRS)
            .count();
    return open == 0
        ? ""
        : "; what the flags bring is open in "
            + open
            + " of "
            + comparisons.size()
            + " comparisons";
  }

  private static double percent(double ratio) {
    return (ratio - 1) * 100;
  }

  /** Adds what the ladder has measured. */
  void add(FlagLadder ladder) {
    rounds = ladder.rounds();
    int count = ladder.cells().size() * (ladder.rungs().size() - 1);
    double level = 1 - FAMILY_ERROR / Math.max(1, count);
    finding
        .detail("rounds", rounds)
        .detail("interval_method", "order statistics of the paired ratios, Bonferroni-corrected")
        .detail("interval_level_each", Units.rounded(level, 6))
        .detail("interval_level_together", 1 - FAMILY_ERROR)
        .detail("comparisons", null);
    if (rounds == 0) {
      return;
    }
    for (DeviceKind device : List.of(DeviceKind.RAW, DeviceKind.VIRTIO)) {
      finding.add(table(device, ladder, level));
    }
    finding.add(chart(ladder.rungs()));
    finding.addRows(ladder.rows());
    finding.detail("comparisons", comparisons.stream().map(this::toMap).toList());
    summarize(level);
  }

  private FindingTable table(DeviceKind device, FlagLadder ladder, double level) {
    FindingTable table =
        new FindingTable(
                device == DeviceKind.VIRTIO
                    ? "virtio on an IOThread: requests per second by ring flags"
                    : "raw, the ring with no device in front: requests per second by ring flags")
            .words("workload")
            .words("ring flags")
            .figures("median", "IOPS")
            .figures("to none", "%")
            .figures("from", "%")
            .figures("to", "%")
            .words("which is")
            .figures("published", "%");
    double coverage = 0;
    for (Cell cell : ladder.cells()) {
      if (cell.device() != device) {
        continue;
      }
      for (Rung rung : ladder.rungs()) {
        double iops = ladder.iops(cell, rung);
        if (rung == Rung.NONE) {
          table.row(cell.workload(), rung.toString(), Math.round(iops), null, null, null, "", null);
          continue;
        }
        PairedRatio ratio = ladder.ratio(cell, rung, level);
        coverage = ratio.coverage();
        comparisons.add(new RungComparison(cell, rung, iops, ratio));
        table.row(
            cell.workload(),
            rung.toString(),
            Math.round(iops),
            Units.rounded(percent(ratio.median()), 1),
            Units.rounded(percent(ratio.low()), 1),
            Units.rounded(percent(ratio.high()), 1),
            ratio.answer().toString(),
            device == DeviceKind.VIRTIO ? published(rung, cell) : null);
      }
    }
    return table.note(note(coverage, ladder.cells().size() * (ladder.rungs().size() - 1)));
  }

  private static @Nullable Double published(Rung rung, Cell cell) {
    Double percent = rung.publishedPercent(cell.pattern(), cell.depth());
    return percent == null ? null : Units.rounded(percent, 2);
  }

  private String note(double coverage, int count) {
    return String.format(
            Locale.ROOT,
            "Each step includes those above it that the kernel takes. 4 KiB requests; medians of %d"
                + " paired ratios, each of two runs of the same round. The interval's ends are two"
                + " of the ratios (order statistics: nothing is assumed about their distribution),"
                + " at a level of %.2f %% each, so that all %d hold together at %.0f %%. No"
                + " difference: the whole interval lies within %s of none; inconclusive: it"
                + " includes none and is wider.",
            rounds,
            coverage * 100,
            count,
            (1 - FAMILY_ERROR) * 100,
            PairedRatio.marginText())
        + skipped();
  }

  private String skipped() {
    StringBuilder text = new StringBuilder();
    for (Rung rung : Rung.values()) {
      if (rung != Rung.NONE && refused.keySet().containsAll(rung.added())) {
        text.append(" Not measured: ").append(rung).append(", ");
        text.append(refused.get(rung.added().iterator().next())).append('.');
      }
    }
    return text.toString();
  }

  private FindingChart chart(List<Rung> rungs) {
    FindingChart chart =
        new FindingChart(
                FindingChart.Kind.BARS,
                "virtio on an IOThread: median gain over no flags",
                "workload",
                "gain, %")
            .unit("%");
    for (Rung rung : rungs) {
      if (rung != Rung.NONE) {
        FindingChart.Series series = chart.series(rung.toString());
        for (RungComparison comparison : comparisons) {
          if (comparison.rung() == rung && comparison.cell().device() == DeviceKind.VIRTIO) {
            series.bar(
                comparison.cell().workload(),
                Units.rounded(percent(comparison.ratio().median()), 1));
          }
        }
      }
    }
    return chart;
  }

  private Map<String, @Nullable Object> toMap(RungComparison comparison) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    PairedRatio ratio = comparison.ratio();
    map.put("device", comparison.cell().device().toString());
    map.put("rw", comparison.cell().pattern().toString());
    map.put("iodepth", comparison.cell().depth());
    map.put("ring_flags", taken(comparison.rung()));
    map.put("pairs", ratio.pairs());
    map.put("ratio_median", Units.rounded(ratio.median(), 5));
    map.put("ratio_low", Units.rounded(ratio.low(), 5));
    map.put("ratio_high", Units.rounded(ratio.high(), 5));
    map.put("level", Units.rounded(ratio.coverage(), 6));
    map.put(
        "published_percent",
        comparison.rung().publishedPercent(comparison.cell().pattern(), comparison.cell().depth()));
    map.put("answer", ratio.answer().name().toLowerCase(Locale.ROOT));
    return map;
  }

  /** The names of a step's flags, without those that the kernel refuses. */
  List<String> taken(Rung rung) {
    return rung.flags().stream()
        .filter(flag -> !refused.containsKey(flag))
        .map(Enum::name)
        .toList();
  }

  private void summarize(double level) {
    Map<Answer, Integer> counts = new EnumMap<>(Answer.class);
    comparisons.forEach(one -> counts.merge(one.ratio().answer(), 1, Integer::sum));
    if (counts.containsKey(Answer.TOO_FEW_PAIRS)) {
      sentences.addFirst(
          "Only "
              + rounds
              + " rounds were complete in the time, and it takes "
              + PairedRatio.pairsNeeded(level)
              + " for a statement about "
              + comparisons.size()
              + " comparisons.");
      return;
    }
    List<RungComparison> differing =
        comparisons.stream()
            .filter(one -> one.differs())
            .sorted(
                Comparator.comparingDouble(
                    (RungComparison one) -> -Math.abs(one.ratio().median() - 1)))
            .toList();
    List<String> named =
        differing.stream().limit(NAMED_COMPARISONS).map(RungComparison::text).toList();
    sentences.addFirst(resolution());
    sentences.addFirst(
        "Of "
            + comparisons.size()
            + " comparisons "
            + counts.getOrDefault(Answer.GAIN, 0)
            + " show a gain, "
            + counts.getOrDefault(Answer.LOSS, 0)
            + " a loss, "
            + counts.getOrDefault(Answer.NO_DIFFERENCE, 0)
            + " no difference beyond "
            + PairedRatio.marginText()
            + ", and "
            + counts.getOrDefault(Answer.INCONCLUSIVE, 0)
            + " are inconclusive."
            + (named.isEmpty()
                ? ""
                : (named.size() < differing.size()
                        ? " The largest differences: "
                        : " The differences: ")
                    + String.join(", ", named)
                    + "."));
  }

  /** How small a difference these intervals could have shown. */
  private String resolution() {
    double[] halfWidths =
        comparisons.stream()
            .mapToDouble(one -> (one.ratio().high() - one.ratio().low()) / 2)
            .sorted()
            .toArray();
    double median = 100 * halfWidths[halfWidths.length / 2];
    return String.format(
        Locale.ROOT,
        "Half of the intervals are no wider than +-%.1f %%%s.",
        median,
        median > LARGEST_PUBLISHED_PERCENT
            ? ": the noise on this host, while it was measured, hides gains like the published"
                + " ones; --full takes more pairs"
            : "");
  }
}
