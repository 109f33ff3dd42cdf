package dev.platter.emulator.lab.ringflags;

import dev.platter.aio.ring.SetupFlag;
import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.FindingChart;
import dev.platter.emulator.lab.FindingTable;
import dev.platter.emulator.lab.Verdict;
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
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Puts what the ring-flags experiment has measured into tables, sentences and a verdict. */
final class RingFlagsFinding {
  /** Error allowed for all comparisons together: the chance that any one interval is wrong. */
  private static final double FAMILY_ERROR = 0.05;

  /** The flags that published figures show to pay off. */
  private static final Set<SetupFlag> PAY_OFF =
      Set.of(SetupFlag.COOP_TASKRUN, SetupFlag.TASKRUN_FLAG, SetupFlag.NO_SQARRAY);

  private static final double LARGEST_PUBLISHED_PERCENT = 5.7;
  private static final int NAMED_COMPARISONS = 6;

  private record Comparison(Cell cell, Rung rung, double iops, PairedRatio ratio) {
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
  private final List<String> seen = new ArrayList<>();
  private final List<Comparison> comparisons = new ArrayList<>();
  private boolean polled;
  private long missed;
  private int rounds;

  /**
   * Begins.
   *
   * @param refused flags of the ladder that the kernel does not take, each with the reason
   */
  RingFlagsFinding(Finding finding, Map<SetupFlag, String> refused) {
    this.finding = finding;
    this.refused = refused;
    Map<String, String> reasons = new LinkedHashMap<>();
    refused.forEach((flag, reason) -> reasons.put(flag.name(), reason));
    finding.detail("refused_flags", reasons);
  }

  private static double percent(double ratio) {
    return (ratio - 1) * 100;
  }

  // ---- polling -------------------------------------------------------------------------------

  /** A ring's flags as tables name them. */
  static String name(Set<SetupFlag> flags) {
    return flags.isEmpty()
        ? "none"
        : String.join("|", new TreeSet<>(flags).stream().map(Enum::name).toList());
  }

  /** Says why polling was not tried. */
  void noPolling(String why) {
    seen.add(why);
  }

  /** Adds what was seen of completions in memory alone. */
  void taskWork(List<TaskWork.Seen> results) {
    FindingTable table =
        new FindingTable("What a thread sees that polls the ring's memory and makes no system call")
            .words("ring flags")
            .figures("tries", "")
            .figures("SQ_TASKRUN", "")
            .figures("CQE", "")
            .figures("nothing", "")
            .figures("CQE after entering", "")
            .figures("seen after p50", "us")
            .note(
                "A read of an eventfd that another thread signals, on another CPU. What was seen"
                    + " first: SQ_TASKRUN while the CQ was empty, the CQE, or nothing for "
                    + TaskWork.WINDOW_NANOS / 1_000
                    + " us. Then the ring is entered. With COOP_TASKRUN alone any interrupt of the"
                    + " CPU, such as the scheduler's tick, makes the CQE appear."
                    + disturbances(results));
    int flagTries = 0;
    int flagSeen = 0;
    int hiddenTries = 0;
    int hidden = 0;
    for (TaskWork.Seen result : results) {
      table.row(
          name(result.flags()),
          result.tries(),
          result.flagged(),
          result.completed(),
          result.nothing(),
          result.tries() - result.lost(),
          result.medianNanos() == 0 ? null : Units.rounded(result.medianNanos() / 1e3, 1));
      if (result.flags().contains(SetupFlag.TASKRUN_FLAG)) {
        // One that is lost is mostly one of those of which nothing was seen.
        missed += Math.max(result.lost(), result.nothing());
        flagTries += result.tries();
        flagSeen += result.flagged() + result.completed();
      } else {
        missed += result.lost();
      }
      if (isHidden(result.flags())) {
        hiddenTries += result.tries();
        hidden += result.nothing();
      }
    }
    finding.add(table);
    int tries = results.stream().mapToInt(TaskWork.Seen::tries).sum();
    if (tries == 0) {
      seen.add("No try at polling counts: the CPUs were busy.");
      return;
    }
    polled = true;
    if (flagTries > 0) {
      seen.add(
          "With TASKRUN_FLAG a thread that polls memory saw "
              + flagSeen
              + " of "
              + flagTries
              + " completions.");
      seen.add(
          "Without it "
              + hidden
              + " of "
              + hiddenTries
              + " stayed hidden until the ring was entered.");
    }
  }

  private static boolean isHidden(Set<SetupFlag> flags) {
    return !flags.isEmpty() && !flags.contains(SetupFlag.TASKRUN_FLAG);
  }

  private static String disturbances(List<TaskWork.Seen> results) {
    int disturbed = results.stream().mapToInt(TaskWork.Seen::disturbed).sum();
    return disturbed == 0
        ? ""
        : " Not counted: "
            + disturbed
            + " tries in which the scheduler kept the polling thread from running.";
  }

  /** Adds what Platter's loop made of it. */
  void loopPolls(Map<Set<SetupFlag>, LoopPolls.Polled> results) {
    FindingTable table =
        new FindingTable("What Platter's loop takes of signals that arrive while it busy-polls")
            .words("ring flags")
            .figures("signals", "")
            .figures("taken", "")
            .figures("poll hits", "")
            .figures("poll misses", "")
            .figures("p50", "us")
            .figures("max", "us")
            .note(
                "From the signal until the loop has taken it. Without TASKRUN_FLAG the loop enters"
                    + " the ring at the end of each poll, because memory does not tell: nothing is"
                    + " lost, but late.");
    long signals = 0;
    long taken = 0;
    for (Map.Entry<Set<SetupFlag>, LoopPolls.Polled> entry : results.entrySet()) {
      LoopPolls.Polled result = entry.getValue();
      table.row(
          name(entry.getKey()),
          result.signals(),
          result.taken(),
          result.pollHits(),
          result.pollMisses(),
          Units.rounded(result.medianNanos() / 1e3, 1),
          Units.rounded(result.maxNanos() / 1e3, 1));
      signals += result.signals();
      taken += result.taken();
    }
    missed += signals - taken;
    finding.add(table);
    seen.add("Platter's loop took " + taken + " of " + signals + " signals.");
  }

  // ---- the ladder ----------------------------------------------------------------------------

  /** Adds what the ladder has measured. */
  void ladder(FlagLadder ladder) {
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
        comparisons.add(new Comparison(cell, rung, iops, ratio));
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
        for (Comparison comparison : comparisons) {
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

  private Map<String, @Nullable Object> toMap(Comparison comparison) {
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
      seen.addFirst(
          "Only "
              + rounds
              + " rounds were complete in the time, and it takes "
              + PairedRatio.pairsNeeded(level)
              + " for a statement about "
              + comparisons.size()
              + " comparisons.");
      return;
    }
    List<Comparison> differing =
        comparisons.stream()
            .filter(one -> one.differs())
            .sorted(
                Comparator.comparingDouble((Comparison one) -> -Math.abs(one.ratio().median() - 1)))
            .toList();
    List<String> named = differing.stream().limit(NAMED_COMPARISONS).map(Comparison::text).toList();
    seen.addFirst(resolution());
    seen.addFirst(
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

  // ---- the answer ----------------------------------------------------------------------------

  /** The finding with its verdict. */
  Finding finish() {
    finding.seen(String.join(" ", seen));
    TreeSet<SetupFlag> lacking = new TreeSet<>(refused.keySet());
    lacking.retainAll(PAY_OFF);
    if (missed > 0) {
      finding
          .verdict(Verdict.AFFECTED, "polling missed " + missed + " completions")
          .remedy(
              "Do not poll: --poll-max 0. Please report it with the kernel's version, because it"
                  + " should not happen on any.");
    } else if (!lacking.isEmpty()) {
      finding
          .verdict(
              Verdict.AFFECTED,
              "this kernel refuses flags that others have measured a gain from: "
                  + String.join(", ", lacking.stream().map(Enum::name).toList()))
          .remedy(
              "Run Linux "
                  + lacking.last().sinceKernel()
                  + " or newer. Platter asks for each flag by itself, and does without those that"
                  + " the kernel refuses.");
    } else if (rounds == 0) {
      finding.verdict(Verdict.INCONCLUSIVE, "no round of the ladder was complete");
    } else {
      finding.verdict(
          Verdict.NOT_AFFECTED,
          (refused.isEmpty()
                  ? "the kernel takes all of the flags"
                  : "the kernel takes the flags that pay off")
              + ", which Platter asks for by itself"
              + (polled ? ", and polling missed no completion" : "")
              + untold());
      remedyForLosses();
    }
    return finding;
  }

  /** What the verdict leaves open: it is about flags and polling, not about gains. */
  private String untold() {
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

  private void remedyForLosses() {
    if (comparisons.stream().anyMatch(one -> one.ratio().answer() == Answer.LOSS)) {
      finding.remedy(
          "Some flags cost here: compare with platter bench --ring-flags on the workload that"
              + " matters before drawing conclusions.");
    }
  }
}
