package dev.platter.emulator.lab.punting;

import dev.platter.devices.block.image.Preallocation;
import dev.platter.emulator.lab.FindingChart;
import dev.platter.emulator.lab.FindingTable;
import dev.platter.emulator.measure.workload.MeasuredRun;
import dev.platter.emulator.text.PairedRatio;
import dev.platter.emulator.text.Units;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** Explains the cost of punted writes, from runs on images of different layouts. */
final class PuntLatencyFinding {
  /** Nothing was measured. */
  static final PuntLatencyFinding NONE = new PuntLatencyFinding(List.of(), 0);

  /** Error allowed for all comparisons together: 5 in 100 that any of them is wrong. */
  private static final double FAMILY_ERROR = 0.05;

  private final List<PuntLatency.LatencyRow> rows;
  private final int writes;

  /**
   * Takes the runs.
   *
   * @param writes how many writes each run had
   */
  PuntLatencyFinding(List<PuntLatency.LatencyRow> rows, int writes) {
    this.rows = rows.stream().filter(row -> !row.summary().runs().isEmpty()).toList();
    this.writes = writes;
  }

  private List<Integer> depths() {
    return rows.stream().map(PuntLatency.LatencyRow::depth).distinct().toList();
  }

  private List<PuntLatency.LatencyRow> at(int depth) {
    return rows.stream().filter(row -> row.depth() == depth).toList();
  }

  private static double medianMicros(MeasuredRun run) {
    return run.result().latencyNanos().getValueAtPercentile(50) / 1e3;
  }

  private static double percentileMicros(PuntLatency.LatencyRow row, double percentile) {
    return Units.rounded(row.summary().latencyNanos().getValueAtPercentile(percentile) / 1e3, 1);
  }

  /**
   * The level of each comparison; the only comparisons are those of a sparse image with a
   * fallocated image.
   */
  private double level() {
    long comparisons = rows.stream().filter(row -> row.image() == Preallocation.OFF).count();
    return 1 - FAMILY_ERROR / Math.max(1, comparisons);
  }

  /**
   * The ratio of a row's median latency to that of the fallocated image in the same round; null if
   * there is none.
   */
  private @Nullable PairedRatio toFallocated(PuntLatency.LatencyRow row) {
    PuntLatency.LatencyRow base = base(row);
    if (base == null || row.image() == Preallocation.FALLOC) {
      return null;
    }
    ToDoubleFunction<MeasuredRun> median = PuntLatencyFinding::medianMicros;
    double[] mine = row.each(median);
    double[] theirs = base.each(median);
    double[] ratios = new double[Math.min(mine.length, theirs.length)];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = mine[i] / theirs[i];
    }
    return PairedRatio.of(ratios, level());
  }

  private PuntLatency.@Nullable LatencyRow base(PuntLatency.LatencyRow row) {
    return at(row.depth()).stream()
        .filter(one -> one.device() == row.device() && one.image() == Preallocation.FALLOC)
        .findFirst()
        .orElse(null);
  }

  private static String answer(PairedRatio ratio) {
    return switch (ratio.answer()) {
      case GAIN -> "slower";
      case LOSS -> "faster";
      case NO_DIFFERENCE -> "no difference";
      case INCONCLUSIVE -> "inconclusive";
      case TOO_FEW_PAIRS -> "too few runs to tell";
    };
  }

  /** A table for each depth. */
  List<FindingTable> tables() {
    return depths().stream().map(this::table).toList();
  }

  private FindingTable table(int depth) {
    FindingTable table =
        new FindingTable("First writes of 8 KiB through disks, depth " + depth)
            .words("device")
            .words("image")
            .figures("punted", "")
            .figures("runs", "")
            .figures("p50", "us")
            .figures("p99", "us")
            .figures("to fallocated", "")
            .figures("from", "")
            .figures("to", "")
            .words("difference")
            .note(
                "Each run writes "
                    + writes
                    + " times, once to each block of a new image; images take turns. Punts were"
                    + " counted in another run, because tracing costs time as well. The ratio is"
                    + " that of the runs' p50, paired by round: the median, and an interval such"
                    + " that all those of sparse images hold together at 95 %. No difference: all"
                    + " of it lies within "
                    + PairedRatio.marginText()
                    + "; inconclusive: it includes 1 and is wider.");
    for (PuntLatency.LatencyRow row : at(depth)) {
      PairedRatio ratio = toFallocated(row);
      boolean compared = ratio != null && row.image() == Preallocation.OFF;
      table.row(
          row.device().toString(),
          PuntLatency.name(row.image()),
          row.punted(),
          row.summary().runs().size(),
          percentileMicros(row, 50),
          percentileMicros(row, 99),
          ratio == null ? null : Units.rounded(ratio.median(), 2),
          !compared || ratio == null ? null : Units.rounded(ratio.low(), 2),
          !compared || ratio == null ? null : Units.rounded(ratio.high(), 2),
          !compared || ratio == null ? null : answer(ratio));
    }
    return table;
  }

  /** A chart for each depth. */
  List<FindingChart> charts() {
    List<FindingChart> charts = new ArrayList<>();
    for (int depth : depths()) {
      FindingChart chart =
          new FindingChart(
                  FindingChart.Kind.BARS,
                  "First writes with and without punts, depth " + depth,
                  "device",
                  "p50 us")
              .unit("us");
      for (Preallocation image : PuntLatency.IMAGES) {
        FindingChart.Series series = chart.series(PuntLatency.name(image) + " image");
        for (PuntLatency.LatencyRow row : at(depth)) {
          if (row.image() == image) {
            series.bar(row.device().toString(), percentileMicros(row, 50));
          }
        }
      }
      charts.add(chart);
    }
    return charts;
  }

  /** The rows for machines. */
  List<PuntLatencyRow> rows() {
    return rows.stream().map(PuntLatency.LatencyRow::row).toList();
  }

  /** The cost of a sparse image, in a sentence; empty if nothing was measured. */
  String sentence() {
    Map<String, List<String>> byAnswer = new LinkedHashMap<>();
    for (PuntLatency.LatencyRow row : rows) {
      PairedRatio ratio = row.image() == Preallocation.OFF ? toFallocated(row) : null;
      if (ratio != null) {
        byAnswer
            .computeIfAbsent(answer(ratio), answer -> new ArrayList<>())
            .add(
                row.device()
                    + " at depth "
                    + row.depth()
                    + " ("
                    + Units.ratio(ratio.median())
                    + ")");
      }
    }
    List<String> parts = new ArrayList<>();
    byAnswer.forEach((answer, where) -> parts.add(answer + " on " + String.join(", ", where)));
    return parts.isEmpty()
        ? ""
        : "First writes to a sparse image against a fallocated one, by the ratio of their p50: "
            + String.join("; ", parts)
            + ".";
  }
}
