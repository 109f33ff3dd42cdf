package dev.platter.emulator.result.page;

import java.util.Locale;

/**
 * What the runs of two rows say about a figure.
 *
 * @param measure which figure
 * @param base the first result's
 * @param other the other's
 * @param answer what can be said
 * @param because why nothing can be said; else empty
 */
record Judgement(Measure measure, Spread base, Spread other, Answer answer, String because) {
  /** What can be said of the other result, compared with the first. */
  enum Answer {
    /** It is better, by more than the runs differ. */
    BETTER,
    /** It is worse. */
    WORSE,
    /** The runs of the two overlap. */
    NOISE,
    /** The runs do not suffice. */
    UNKNOWN;

    /** As JSON names it. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private static final double SELDOM = 0.05;
  // How many times as far apart as either is wide runs must lie that are so few that they lie apart
  // by chance more often than that. Two and two then do so once in twenty-five times, three and
  // three once in a thousand.
  private static final int FAR = 3;
  private static final double HALF = 0.5;
  private static final String MORE_RUNS = "; take `--runs 5`";

  /**
   * Decides.
   *
   * @param partial whether a run of either row ended early
   */
  static Judgement of(Measure measure, Spread base, Spread other, boolean partial) {
    if (partial) {
      return unknown(measure, base, other, "a run ended early");
    }
    int fewest = Math.min(base.runs(), other.runs());
    if (isTooShort(base) || isTooShort(other)) {
      return unknown(
          measure, base, other, "single runs have too few requests for this figure; run longer");
    }
    if (fewest == 0) {
      return unknown(measure, base, other, "the figures of single runs were not saved" + MORE_RUNS);
    }
    if (fewest == 1) {
      return unknown(
          measure,
          base,
          other,
          (base.runs() == other.runs()
                  ? "there is one run each"
                  : "one of the results has a single run")
              + MORE_RUNS);
    }
    if (base.overlaps(other)) {
      return new Judgement(measure, base, other, Answer.NOISE, "");
    }
    if (base.chanceOfGap(other) > SELDOM
        && base.gap(other) < FAR * Math.max(base.width(), other.width())) {
      return unknown(measure, base, other, "so few runs lie apart by chance, too" + MORE_RUNS);
    }
    boolean more = other.low() > base.high();
    return new Judgement(
        measure, base, other, more == measure.moreIsBetter() ? Answer.BETTER : Answer.WORSE, "");
  }

  /** Whether there would be runs enough if each had more requests. */
  private static boolean isTooShort(Spread spread) {
    return spread.runs() < 2 && spread.tooShort() > 0;
  }

  private static Judgement unknown(Measure measure, Spread base, Spread other, String because) {
    return new Judgement(measure, base, other, Answer.UNKNOWN, because);
  }

  /** The other's figure to the first's; NaN where that is 0. */
  double ratio() {
    return base.value() == 0 ? Double.NaN : other.value() / base.value();
  }

  /**
   * The difference in words: {@code 12 % more time}, {@code 0.04 times the time}; {@code 0.100 s
   * instead of 0} where there is no ratio.
   */
  String byHowMuch() {
    double ratio = ratio();
    if (Double.isNaN(ratio)) {
      return measure.spoken(other.value()) + " instead of 0";
    }
    String thing =
        switch (measure) {
          case TIME -> "time";
          case CPU_USER, CPU_SYS -> measure.word() + " time";
          default -> measure.word().equals("iops") ? "IOPS" : measure.word();
        };
    if (!(ratio > HALF && ratio < 1 / HALF)) {
      return Quantity.digits(ratio) + " times the " + thing;
    }
    String percent = Quantity.digits(100 * Math.abs(ratio - 1)) + Quantity.NBSP + "% ";
    return switch (measure) {
      case TIME, THROUGHPUT, CPU_USER, CPU_SYS -> percent + (ratio < 1 ? "less " : "more ") + thing;
      case IOPS -> percent + (ratio < 1 ? "fewer " : "more ") + thing;
      default -> percent + (ratio < 1 ? "lower " : "higher ") + thing;
    };
  }

  /** What the answer is called in a table. */
  String word() {
    boolean speed =
        switch (measure) {
          case CPU_USER, CPU_SYS -> false;
          default -> true;
        };
    return switch (answer) {
      case BETTER -> speed ? "faster" : "less";
      case WORSE -> speed ? "slower" : "more";
      case NOISE -> "noise";
      case UNKNOWN -> "unknown";
    };
  }

  /** What is said of the other: the answer, the difference, the figures. */
  String sentence() {
    return switch (answer) {
      case BETTER, WORSE -> word() + ": " + byHowMuch() + ", " + figures();
      case NOISE -> "noise: the runs overlap: " + figures();
      case UNKNOWN -> "unknown, " + because + ": " + figures();
    };
  }

  /** The two figures with the ranges of their runs, the other's first. */
  String figures() {
    return spoken(other) + " against " + spoken(base);
  }

  private String spoken(Spread spread) {
    String value = measure.spoken(spread.value());
    return spread.runs() < 2
        ? value
        : value
            + " ("
            + measure.spoken(spread.low())
            + " to "
            + measure.spoken(spread.high())
            + ", "
            + spread.runs()
            + " runs)";
  }
}
