package dev.platter.emulator.lab;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A chart of an experiment's figures. */
public final class FindingChart {
  /** How it is drawn. */
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
  private final List<Map<String, @Nullable Object>> series = new ArrayList<>();

  /** An empty chart; the labels hold the units. */
  public FindingChart(Kind kind, String title, String xLabel, String yLabel) {
    this.kind = kind;
    this.title = title;
    this.xLabel = xLabel;
    this.yLabel = yLabel;
  }

  /** Of what y is: as in tables, {@code us}, {@code s}, {@code %}; empty for counts and ratios. */
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
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("name", name);
    map.put("points", added.points);
    series.add(map);
    return added;
  }

  /**
   * As the JSON has it: {@code kind}, {@code title}, {@code x_label}, {@code y_label}, {@code
   * y_unit}, {@code log_y}, {@code series}, each with {@code name} and {@code points} of {@code [x,
   * y]}.
   */
  public Map<String, @Nullable Object> toMap() {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("kind", kind.name().toLowerCase(Locale.ROOT));
    map.put("title", title);
    map.put("x_label", xLabel);
    map.put("y_label", yLabel);
    map.put("y_unit", yUnit);
    map.put("log_y", logarithmic);
    map.put("series", List.copyOf(series));
    return map;
  }
}
