package dev.platter.emulator.page;

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

  /**
   * A device at one depth.
   *
   * @param path where the document has its IOPS
   */
  private record Point(String device, int depth, double micros, double iops, String path) {
    String words() {
      return device
          + ", depth "
          + depth
          + ": "
          + Quantity.COUNT.cell(iops)
          + " IOPS at a median of "
          + Quantity.time(micros);
    }
  }

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
    Map<String, List<Point>> lines = new LinkedHashMap<>();
    Map<String, String> styles = new LinkedHashMap<>();
    for (Row row : rows) {
      Double depth = row.fields().number("iodepth");
      Double micros = row.fields().number("latency_us.p50");
      Double iops = row.fields().number("iops.median");
      if (depth != null && micros != null && iops != null) {
        styles.putIfAbsent(row.device(), row.style());
        lines
            .computeIfAbsent(row.device(), _ -> new ArrayList<>())
            .add(
                new Point(
                    row.device(),
                    depth.intValue(),
                    micros,
                    iops,
                    row.fields().pathTo("iops.median")));
      }
    }
    if (lines.isEmpty()) {
      return;
    }
    List<Point> all = lines.values().stream().flatMap(List::stream).toList();
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
          String.join(". ", all.stream().map(Point::words).toList()) + ".",
          HEIGHT);
      Scale x =
          Scale.logarithmic(
              all.stream().mapToDouble(Point::micros).filter(v -> v > 0).min().orElse(1),
              all.stream().mapToDouble(Point::micros).max().orElse(1),
              LEFT,
              right - 10,
              Quantity::tick);
      Scale y =
          Scale.linear(
              0,
              all.stream().mapToDouble(Point::iops).max().orElse(1),
              BOTTOM,
              TOP,
              INTERVALS,
              Quantity.COUNT::cell);
      Plot plot = Plot.area(out, canvas, LEFT, right, TOP, BOTTOM);
      plot.xAxis(x, "median latency, log scale").yAxis(y, "IOPS");
      lines.forEach((device, points) -> line(out, plot, points, style(styles, device), x, y));
      if (labels > 0) {
        List<Plot.EndLabel> ends = new ArrayList<>();
        lines.forEach((device, points) ->
            ends.add(
                new Plot.EndLabel(device, y.at(points.getLast().iops()), style(styles, device))));
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

  private static String style(Map<String, String> styles, String device) {
    return styles.getOrDefault(device, "s1");
  }

  private static void line(
      Markup out, Plot plot, List<Point> points, String style, Scale x, Scale y) {
    StringBuilder path = new StringBuilder();
    for (Point point : points) {
      path.append(path.isEmpty() ? "M" : "L")
          .append(Markup.number(x.at(point.micros())))
          .append(' ')
          .append(Markup.number(y.at(point.iops())));
    }
    out.open("g", "class", "series " + style, "data-row", points.getFirst().device());
    out.leaf("path", "class", "line", "d", path);
    for (Point point : points) {
      out.open(
          "circle",
          "class",
          "point",
          "cx",
          x.at(point.micros()),
          "cy",
          y.at(point.iops()),
          "r",
          3,
          "data-key",
          point.path(),
          "data-x",
          Markup.exact(point.micros()),
          "data-y",
          Markup.exact(point.iops()));
      out.element("title", point.words());
      out.close();
      plot.text(
          Integer.toString(point.depth()),
          x.at(point.micros()),
          y.at(point.iops()) - 8,
          "small middle");
    }
    out.close();
  }
}
