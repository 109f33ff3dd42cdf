package dev.platter.emulator.lab;

import dev.platter.emulator.result.document.ExperimentResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A chart of an experiment's figures. */
public final class FindingChart {
  /** The form of the chart. */
  public enum Kind {
    /** Categories on one axis: each point's x is a word. Dots where the axis is logarithmic. */
    BARS,
    /** Numbers on both axes. */
    LINES
  }

  private final Kind kind;
  private final String title;
  private final String xLabel;
  private final String yLabel;
  private @Nullable String yUnit;
  private boolean logarithmic;
  private final List<ExperimentResult.Series> series = new ArrayList<>();

  /** An empty chart; the labels hold the units. */
  public FindingChart(Kind kind, String title, String xLabel, String yLabel) {
    this.kind = kind;
    this.title = title;
    this.xLabel = xLabel;
    this.yLabel = yLabel;
  }

  /**
   * Sets the unit of y, as in tables: {@code us}, {@code s}, {@code %}; empty for counts and
   * ratios.
   */
  public FindingChart unit(String unit) {
    yUnit = unit;
    return this;
  }

  /** Draws the y axis in powers of ten; a category has a dot on it, and no bar. */
  public FindingChart logarithmic() {
    logarithmic = true;
    return this;
  }

  /** A series of points under construction. */
  public static final class Series {
    private final List<List<Object>> points = new ArrayList<>();

    /** Adds a bar. */
    public Series bar(String category, double y) {
      points.add(List.of(category, y));
      return this;
    }

    /** Adds a point. */
    public Series point(double x, double y) {
      points.add(List.of(x, y));
      return this;
    }
  }

  /** Adds a series. */
  public Series series(String name) {
    Series added = new Series();
    series.add(new ExperimentResult.Series(name, added.points));
    return added;
  }

  /** As the JSON has it. */
  ExperimentResult.Chart chart() {
    return new ExperimentResult.Chart(
        kind.name().toLowerCase(Locale.ROOT),
        title,
        xLabel,
        yLabel,
        yUnit,
        logarithmic,
        List.copyOf(series));
  }
}
