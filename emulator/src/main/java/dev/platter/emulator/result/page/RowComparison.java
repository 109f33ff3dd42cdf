package dev.platter.emulator.result.page;

import dev.platter.emulator.text.PairedRatio;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Two rows compared, in the words of a sentence: the figures of both, then their ratio. The ratio
 * is of the figures that are shown; or it is the median over pairs of runs, and says so.
 *
 * @param row the row that it is about
 * @param base the row that it is compared with
 * @param figure which figure is compared
 * @param known the ratios of their pairs of runs as the document has them, or null
 */
record RowComparison(Row row, Row base, Figure figure, @Nullable Fields known) {
  private static final int ENOUGH_RUNS = 2;
  private static final double LEVEL = 0.95;
  private static final int FEW_PAIRS = 4;
  // How many times as far from 1 as they are apart fewer pairs must lie, both on a logarithmic
  // scale. Two pairs without a difference do so once in twenty times.
  private static final int FAR = 6;

  /**
   * The ratios of pairs of runs.
   *
   * @param low the least; with pairs enough the lower end of the interval of their median
   * @param high the largest; with pairs enough the upper end
   * @param sufficient whether there are pairs enough for an interval
   */
  private record Ratios(double count, double median, double low, double high, boolean sufficient) {
    /** Why they say nothing, to be put behind them; else empty. */
    private String doubt() {
      if (low <= 1 && high >= 1) {
        return ", so this may be noise";
      }
      return count > FEW_PAIRS || isFar() ? "" : "; these are too few pairs to tell";
    }

    private boolean isFar() {
      double below = Math.log(low);
      double above = Math.log(high);
      return Math.min(Math.abs(below), Math.abs(above)) >= FAR * (above - below);
    }

    private String words() {
      return "; ratio: median of "
          + Quantity.COUNT.cell(count)
          + " pairs "
          + Quantity.digits(median)
          + " ("
          + Quantity.digits(low)
          + " to "
          + Quantity.digits(high)
          + (sufficient ? " with 95" + Quantity.NBSP + "%" : "")
          + ")"
          + doubt();
    }
  }

  /** A figure by which rows are compared. */
  enum Figure {
    /** The time of a run. */
    SECONDS(Measure.TIME, "total_seconds", "takes "),
    /** Requests per second. */
    IOPS(Measure.IOPS, "iops", "makes "),
    /** The median latency in microseconds. */
    LATENCY(Measure.P50, "p50_us", "has a median latency of ");

    private final Measure measure;
    private final String key;
    private final String verb;

    Figure(Measure measure, String key, String verb) {
      this.measure = measure;
      this.key = key;
      this.verb = verb;
    }

    /** A row's median over runs, or null. */
    @Nullable Double of(Row row) {
      return row.fields().number(key + ".median");
    }

    private String times() {
      return switch (this) {
        case SECONDS -> " times as long";
        case IOPS -> " times as many";
        case LATENCY -> " times that";
      };
    }

    /** What a row does, behind its name. */
    String alone(Row row) {
      return verb + measure.spoken(row.fields().numberOr0(key + ".median"));
    }

    /** The figure of each complete run, as the document keeps it; empty in older ones. */
    private List<Double> samples(Row row) {
      List<Double> values = new ArrayList<>();
      for (Fields sample : row.fields().objects("samples")) {
        Double value = sample.number(measure.sampleKey());
        values.add(value == null || sample.isTrue("partial") ? Double.NaN : value);
      }
      return values;
    }
  }

  /**
   * The two rows compared; null if one has no such figure.
   *
   * @param pairs the key of the row at which the document has the ratios of their pairs of runs
   */
  static @Nullable RowComparison of(Row row, @Nullable Row base, Figure figure, String pairs) {
    return base == null || figure.of(row) == null || figure.of(base) == null
        ? null
        : new RowComparison(row, base, figure, row.fields().object(pairs));
  }

  /** Whether the row's figure is the larger one; of pairs by their median. */
  boolean isMore() {
    Ratios ratios = ratios();
    return ratios == null ? mine() > theirs() : ratios.median() > 1;
  }

  /** Whether the sentence says that there may be no difference. */
  boolean isDoubtful() {
    Ratios ratios = ratios();
    return !(ratios == null ? overlap() : ratios.doubt()).isEmpty();
  }

  private double mine() {
    return row.fields().numberOr0(figure.key + ".median");
  }

  private double theirs() {
    return base.fields().numberOr0(figure.key + ".median");
  }

  /**
   * The sentence without its subject and its full stop.
   *
   * @param baseName what the sentence calls the other row
   */
  String words(String baseName) {
    Ratios ratios = ratios();
    return figure.verb
        + figure.measure.spoken(mine())
        + " against "
        + figure.measure.spoken(theirs())
        + " of "
        + baseName
        + runs(row, base)
        + (ratios == null ? ratio() + overlap() : ratios.words());
  }

  /** The ratio of the figures that are shown; empty where the other row has 0. */
  private String ratio() {
    return theirs() == 0 ? "" : ", " + Quantity.digits(mine() / theirs()) + figure.times();
  }

  /** The ratios of the pairs; null if there are not several. */
  private @Nullable Ratios ratios() {
    List<Double> each = pairs();
    Fields saved = known;
    double count = saved == null ? 0 : saved.numberOr0("pairs");
    boolean isSaved = saved != null && count >= ENOUGH_RUNS;
    if (each.size() < ENOUGH_RUNS || (isSaved && count != each.size())) {
      return saved == null || !isSaved ? null : saved(saved, count);
    }
    PairedRatio all =
        PairedRatio.of(each.stream().mapToDouble(Double::doubleValue).toArray(), LEVEL);
    // Ratios of runs that are rounded are less exact than what was saved.
    return saved != null && isSaved && !all.sufficient()
        ? saved(saved, count)
        : new Ratios(all.pairs(), all.median(), all.low(), all.high(), all.sufficient());
  }

  private static Ratios saved(Fields pairs, double count) {
    return new Ratios(
        count, pairs.numberOr0("median"), pairs.numberOr0("min"), pairs.numberOr0("max"), false);
  }

  /** The ratio of each pair of runs of the same number. */
  private List<Double> pairs() {
    List<Double> mine = figure.samples(row);
    List<Double> theirs = figure.samples(base);
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < Math.min(mine.size(), theirs.size()); i++) {
      double ratio = mine.get(i) / theirs.get(i);
      if (Double.isFinite(ratio)) {
        ratios.add(ratio);
      }
    }
    return ratios;
  }

  /** Of how many runs a figure is. */
  static String runs(Row row, @Nullable Row base) {
    double runs = row.fields().numberOr0("runs");
    if (row.partial() || (base != null && base.partial())) {
      return " (ended early, so not to be relied on)";
    }
    if (base != null) {
      runs = Math.min(runs, base.fields().numberOr0("runs"));
    }
    return runs <= 1
        ? " (one run; take `--runs 5` before relying on it)"
        : " (medians of " + Quantity.COUNT.cell(runs) + " runs)";
  }

  /** Whether the runs of the two differ less than those of each, where pairs are not known. */
  private String overlap() {
    Double low = row.fields().number(figure.key + ".min");
    Double high = row.fields().number(figure.key + ".max");
    Double baseLow = base.fields().number(figure.key + ".min");
    Double baseHigh = base.fields().number(figure.key + ".max");
    if (low == null || high == null || baseLow == null || baseHigh == null) {
      return "";
    }
    boolean overlap = low <= baseHigh && baseLow <= high;
    return overlap && row.fields().numberOr0("runs") >= ENOUGH_RUNS
        ? "; their runs overlap, so this may be noise"
        : "";
  }
}
