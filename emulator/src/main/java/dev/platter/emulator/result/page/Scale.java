package dev.platter.emulator.result.page;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;
import java.util.function.DoubleUnaryOperator;

/** Where on an axis a value is drawn. Values beyond an end are drawn at the end. */
final class Scale {
  private static final double[] STEPS = {1, 2, 5, 10};
  // What a label needs, upwards and with some space.
  private static final double LABEL = 16;
  private static final double[] MULTIPLES = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  private static final double[] NINES = {0, 50, 90, 99, 99.9, 99.99, 99.999, 99.9999};

  /**
   * A line of the grid.
   *
   * @param at its coordinate
   * @param label what it is, empty for one between two others
   */
  record Tick(double value, double at, String label) {}

  private final DoubleUnaryOperator transform;
  private final double low;
  private final double high;
  private final double from;
  private final double to;
  private final List<Tick> ticks = new ArrayList<>();
  private boolean even;

  private Scale(DoubleUnaryOperator transform, double low, double high, double from, double to) {
    this.transform = transform;
    this.low = transform.applyAsDouble(low);
    this.high = transform.applyAsDouble(high);
    this.from = from;
    this.to = to;
  }

  /**
   * From 0 (or lower, for negative values) to a round number at or above the largest value.
   *
   * @param from the coordinate of the lower end, and {@code to} that of the upper one
   * @param intervals how many there should be, about
   */
  static Scale linear(
      double min, double max, double from, double to, int intervals, DoubleFunction<String> label) {
    double least = Math.min(0, min);
    double most = max > least ? max : least + 1;
    double step = roundUp((most - least) / intervals);
    long first = (long) Math.floor(least / step + 1e-9);
    long last = (long) Math.ceil(most / step - 1e-9);
    Scale scale = new Scale(DoubleUnaryOperator.identity(), first * step, last * step, from, to);
    scale.even = true;
    for (long i = first; i <= last; i++) {
      // Of numbers that decimals can write exactly, not 0.30000000000000004.
      double value = Double.parseDouble(String.format(Locale.ROOT, "%.9g", i * step));
      scale.tick(value, label.apply(value));
    }
    return scale;
  }

  /** From exactly 0 to exactly a value, with round ticks between them. */
  static Scale upTo(
      double max, double from, double to, int intervals, DoubleFunction<String> label) {
    double most = max > 0 ? max : 1;
    Scale round = linear(0, most, 0, 1, intervals, label);
    Scale scale = new Scale(DoubleUnaryOperator.identity(), 0, most, from, to);
    scale.even = true;
    for (Tick tick : round.ticks) {
      if (tick.value() <= most) {
        scale.tick(tick.value(), tick.label());
      }
    }
    return scale;
  }

  private static double roundUp(double step) {
    double power = Math.pow(10, Math.floor(Math.log10(step)));
    for (double factor : STEPS) {
      if (factor * power >= step * (1 - 1e-9)) {
        return factor * power;
      }
    }
    return 10 * power;
  }

  /**
   * Powers of ten; the ends are a round number or, where that would leave much of the axis empty, a
   * whole multiple of one. Values that are not positive are at its low end.
   */
  static Scale logarithmic(
      double min, double max, double from, double to, DoubleFunction<String> label) {
    double least = min > 0 ? min : 0.01;
    double most = Math.max(max, least * 1.5);
    boolean fine = most / least < 20;
    double low = bound(least, fine, -1);
    double high = bound(most, fine, 1);
    Scale scale = new Scale(value -> Math.log10(Math.max(value, 1e-9)), low, high, from, to);
    boolean few = high / low <= 300;
    for (int power = (int) Math.floor(Math.log10(low) + 1e-9);
        Math.pow(10, power) <= high * (1 + 1e-9);
        power++) {
      for (int factor = 1; factor <= 9; factor++) {
        double value = Double.parseDouble(factor + "e" + power);
        if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) {
          boolean round = factor == 1 || (few && (factor == 2 || factor == 5));
          boolean end = fine && (value <= low * (1 + 1e-9) || value >= high * (1 - 1e-9));
          boolean labelled = round || (end && scale.farFromRound(value));
          scale.tick(value, labelled ? label.apply(value) : "");
        }
      }
    }
    return scale;
  }

  /** Whether the label of an axis's end does not touch those of the round numbers beside it. */
  private boolean farFromRound(double value) {
    double power = Math.pow(10, Math.floor(Math.log10(value) + 1e-9));
    for (double round : STEPS) {
      if (Math.abs(place(round * power) - place(value)) < LABEL) {
        return false;
      }
    }
    return true;
  }

  /** The nearest end of an axis below ({@code direction} -1) or above (1) a value. */
  private static double bound(double value, boolean anyMultiple, int direction) {
    double power = Math.pow(10, Math.floor(Math.log10(value) + 1e-9));
    double factor = value / power;
    double best = direction < 0 ? 1 : 10;
    for (double candidate : anyMultiple ? MULTIPLES : STEPS) {
      if (direction < 0 && candidate <= factor * (1 + 1e-9)) {
        best = Math.max(best, candidate);
      }
      if (direction > 0 && candidate >= factor * (1 - 1e-9)) {
        best = Math.min(best, candidate);
      }
    }
    return best * power;
  }

  /**
   * Percentiles, as many nines as there are: 90, 99 and 99.9 are equally far apart. The 100th, the
   * maximum, has its place behind the last of them.
   *
   * @param last the highest percentile below 100 that there is
   */
  static Scale nines(double last, double from, double to) {
    double end = nines(Math.min(last, 99.9999));
    double max = Math.max(end, 1) + 0.5;
    Scale scale =
        new Scale(value -> value >= 100 ? max : Math.min(nines(value), max), 0, 100, from, to);
    for (double value : NINES) {
      if (nines(value) <= Math.max(end, 1) + 1e-9) {
        scale.tick(value, value == 0 ? "min" : Markup.exact(value));
      }
    }
    scale.tick(100, "max");
    return scale;
  }

  private static double nines(double percentile) {
    return -Math.log10(1 - percentile / 100);
  }

  private void tick(double value, String label) {
    ticks.add(new Tick(value, at(value), label));
  }

  /** The coordinate of a value. */
  double at(double value) {
    return Math.clamp(place(value), Math.min(from, to), Math.max(from, to));
  }

  /** The same, also beyond the ends. */
  private double place(double value) {
    return from + (transform.applyAsDouble(value) - low) / (high - low) * (to - from);
  }

  /** Whether its ticks are equally far apart. */
  boolean isEven() {
    return even;
  }

  /** The lines of the grid, in order. */
  List<Tick> ticks() {
    return ticks;
  }
}
