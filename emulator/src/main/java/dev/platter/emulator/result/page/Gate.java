package dev.platter.emulator.result.page;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.text.Units;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A condition on the ratio of a figure to the first result's: {@code p99<=1.10}, or of one row
 * {@code virtio:p99<=1.10}.
 *
 * @param text as it was given
 * @param row the row's name; null for every row that has the figure
 * @param limit what the ratio is compared with
 */
public record Gate(
    String text, @Nullable String row, Measure measure, Operator operator, double limit) {
  private static final Pattern CONDITION =
      Pattern.compile(
          "\\s*(?:(?<row>[^<>=]+?)\\s*:)?\\s*(?<measure>[^<>=:,\\s]+)\\s*(?<operator><=|>=|<|>)"
              + "\\s*(?<limit>[0-9]+(?:\\.[0-9]+)?|\\.[0-9]+)\\s*(?:,|$)");
  private static final int MOST_DECIMALS = 9;
  private static final String FORM = "[ROW:]FIGURE<=RATIO, such as p99<=1.10 or virtio:iops>=0.95";

  /** How the ratio is compared. */
  enum Operator {
    AT_MOST("<="),
    BELOW("<"),
    AT_LEAST(">="),
    ABOVE(">");

    private final String sign;

    Operator(String sign) {
      this.sign = sign;
    }

    static Operator of(String sign) {
      for (Operator operator : values()) {
        if (operator.sign.equals(sign)) {
          return operator;
        }
      }
      throw new IllegalArgumentException(sign);
    }

    boolean holds(double ratio, double limit) {
      return switch (this) {
        case AT_MOST -> ratio <= limit;
        case BELOW -> ratio < limit;
        case AT_LEAST -> ratio >= limit;
        case ABOVE -> ratio > limit;
      };
    }

    @Override
    public String toString() {
      return sign;
    }
  }

  /**
   * What came of a gate on a row.
   *
   * @param label the result's
   * @param row the row's name
   * @param judgement what its runs say; null where one of the two results lacks the row or its
   *     figure
   */
  record Result(Gate gate, String label, String row, @Nullable Judgement judgement) {
    /** In which case the gate lets the result pass. */
    enum Outcome {
      PASSED,
      FAILED,
      /** Nothing is known of the ratio, which is no reason to let it pass. */
      UNDECIDED;

      /** As JSON names it. */
      @Override
      public String toString() {
        return name().toLowerCase(Locale.ROOT);
      }
    }

    Outcome outcome() {
      Judgement known = judgement;
      if (known == null
          || known.answer() == Judgement.Answer.UNKNOWN
          || Double.isNaN(known.ratio())) {
        return Outcome.UNDECIDED;
      }
      return gate.operator.holds(known.ratio(), gate.limit) ? Outcome.PASSED : Outcome.FAILED;
    }

    /** In words, beginning with the outcome. */
    String sentence() {
      String what = outcome() + ": " + row + " of " + label + ": " + gate.condition();
      Judgement known = judgement;
      if (known == null) {
        return what + ": one of the two results lacks the row or this figure";
      }
      if (Double.isNaN(known.ratio())) {
        return what + ": the first result has 0 there";
      }
      String figures =
          ": it is "
              + gate.shown(known.ratio())
              + " ("
              + known.measure().spoken(known.other().value())
              + " against "
              + known.measure().spoken(known.base().value())
              + ")";
      return what
          + figures
          + switch (known.answer()) {
            case UNKNOWN -> ", which says nothing: " + known.because();
            case NOISE -> "; the runs overlap, so this may be noise";
            default -> "";
          };
    }
  }

  private String condition() {
    return measure.word() + operator + Markup.exact(limit);
  }

  /** A ratio with digits enough to see on which side of the limit it lies. */
  private String shown(double ratio) {
    String text = Quantity.digits(ratio);
    for (int decimals = 3; !isOnSide(text, ratio) && decimals <= MOST_DECIMALS; decimals++) {
      text = Units.fixed(ratio, decimals);
    }
    return isOnSide(text, ratio) ? text : Markup.exact(ratio);
  }

  private boolean isOnSide(String text, double ratio) {
    double shown = Double.parseDouble(text.replace(",", ""));
    return Double.compare(shown, limit) == Double.compare(ratio, limit);
  }

  /** A ratio for JSON, null where there is none: rounded, unless that takes it to the limit. */
  @Nullable Double rounded(double ratio) {
    if (Double.isNaN(ratio)) {
      return null;
    }
    double rounded = Math.round(ratio * 1e4) / 1e4;
    return Double.compare(rounded, limit) == Double.compare(ratio, limit) ? rounded : ratio;
  }

  /**
   * Reads conditions, separated by commas.
   *
   * @throws PlatterException of kind BAD_INPUT if that is not what it is
   */
  public static List<Gate> parse(String text) {
    List<Gate> gates = new ArrayList<>();
    Matcher matcher = CONDITION.matcher(text);
    int at = 0;
    while (at < text.length()) {
      matcher.region(at, text.length());
      if (!matcher.lookingAt()) {
        throw PlatterException.badInput(
            "--gate: '" + text.substring(at).strip() + "' is not a condition on a ratio",
            "--gate \"" + "p99<=1.10\", in general " + FORM);
      }
      String word = matcher.group("measure");
      Measure measure = Measure.named(word);
      if (measure == null) {
        throw PlatterException.badInput(
            "--gate: there is no figure '" + word + "'", "One of " + Measure.names());
      }
      double limit = Double.parseDouble(matcher.group("limit"));
      gates.add(
          new Gate(
              matcher.group().strip().replaceFirst("\\s*,$", ""),
              matcher.group("row"),
              measure,
              Operator.of(matcher.group("operator")),
              limit));
      at = matcher.end();
    }
    if (gates.isEmpty() || text.strip().endsWith(",")) {
      throw PlatterException.badInput(
          gates.isEmpty() ? "--gate has no condition" : "--gate ends in a comma",
          "--gate \"p99<=1.10\", in general " + FORM);
    }
    return gates;
  }

  /** Whether it is meant for a row. */
  boolean isFor(String name) {
    return row == null || row.equalsIgnoreCase(name);
  }
}
