package dev.platter.emulator.result.page;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * IOPS over latency: a line for each device, and on it a point for each number of requests that
 * were outstanding. Where a line turns flat, more requests only wait.
 */
final class SweepChart {
  private static final double HEIGHT = 360;
  private static final double LEFT = 62;
  private static final double TOP = 34;
  private static final double BOTTOM = HEIGHT - 46;
  private static final double LABELS = 190;
  private static final double RIGHT = 14;
  private static final int INTERVALS = 6;

  private SweepChart() {}

  /** Whether rows differ in how many requests were outstanding, and per device in nothing else. */
  static boolean isSweep(List<Row> rows) {
    Set<String> pairs = new HashSet<>();
    Set<String> depths = new HashSet<>();
    boolean unique = true;
    for (Row row : rows) {
      String depth = String.valueOf(row.fields().number("iodepth"));
      depths.add(depth);
      unique &= pairs.add(row.device() + " " + depth);
    }
    return unique && depths.size() > 1;
  }

  /** Draws the lines; nothing if no row has a latency. */
  static void draw(Markup out, List<Row> rows) {
    Map<String, List<Plot.Mark>> lines = new LinkedHashMap<>();
    Map<String, String> styles = new LinkedHashMap<>();
    for (Row row : rows) {
      Double depth = row.fields().number("iodepth");
      Double micros = row.fields().number("latency_us.p50");
      Double iops = row.fields().number("iops.median");
      if (depth != null && micros != null && iops != null) {
        styles.putIfAbsent(row.device(), row.style());
        lines
            .computeIfAbsent(row.device(), _ -> new ArrayList<>())
            .add(mark(row, depth.intValue(), micros, iops));
      }
    }
    if (lines.isEmpty()) {
      return;
    }
    List<Plot.Mark> all = lines.values().stream().flatMap(List::stream).toList();
    String title = "IOPS over median latency; the numbers are the depths";
    double widest = lines.keySet().stream().mapToDouble(Plot::textWidth).max().orElse(0);
    Plot.begin(out, "lines sweep", title);
    for (Plot.Canvas canvas : Plot.Canvas.values()) {
      double labels = canvas.hasRoomBeside(widest, LABELS) ? widest : 0;
      double right = canvas.width() - labels - RIGHT;
      Plot.svg(
          out,
          canvas,
          title,
          String.join(". ", all.stream().map(Plot.Mark::words).toList()) + ".",
          HEIGHT);
      Scale x =
          Scale.logarithmic(
              all.stream().mapToDouble(Plot.Mark::x).filter(v -> v > 0).min().orElse(1),
              all.stream().mapToDouble(Plot.Mark::x).max().orElse(1),
              LEFT,
              right - 10,
              Quantity::tick);
      Scale y =
          Scale.linear(
              0,
              all.stream().mapToDouble(Plot.Mark::y).max().orElse(1),
              BOTTOM,
              TOP,
              INTERVALS,
              Quantity.COUNT::cell);
      Plot plot = Plot.area(out, canvas, LEFT, right, TOP, BOTTOM);
      plot.xAxis(x, "median latency, log scale").yAxis(y, "IOPS");
      lines.forEach(
          (device, marks) -> plot.line(new Plot.Named(device, style(styles, device)), marks, x, y));
      if (labels > 0) {
        List<Plot.EndLabel> ends = new ArrayList<>();
        lines.forEach((device, marks) ->
            ends.add(new Plot.EndLabel(device, y.at(marks.getLast().y()), style(styles, device))));
        plot.endLabels(ends, right + 4);
      }
      out.close();
    }
    Plot.key(
        out,
        lines.keySet().stream()
            .map(device -> new Plot.Named(device, style(styles, device)))
            .toList(),
        true,
        Plot.Canvas.WIDE.hasRoomBeside(widest, LABELS));
    out.close();
  }

  /** A device at one depth. */
  private static Plot.Mark mark(Row row, int depth, double micros, double iops) {
    String words =
        row.device()
            + ", depth "
            + depth
            + ": "
            + Quantity.COUNT.cell(iops)
            + " IOPS at a median of "
            + Quantity.time(micros);
    return new Plot.Mark(
        micros, iops, row.fields().pathTo("iops.median"), words, Integer.toString(depth));
  }

  private static String style(Map<String, String> styles, String device) {
    return styles.getOrDefault(device, "s1");
  }
}
