package dev.platter.emulator.page;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Charts that an experiment made of its figures: bars by category, or lines over numbers. */
final class FindingCharts {
  private static final int STYLES = 6;
  private static final double BAR = 18;
  private static final double GAP = 14;
  private static final double HEIGHT = 300;
  private static final double MAX_LABEL = 220;

  /** A point; a category's bar has no number across. */
  private record Point(@Nullable String category, double x, double y, String path) {}

  private record Series(String name, String style, List<Point> points) {}

  private FindingCharts() {}

  /** Draws a chart; nothing if it has no points. */
  static void draw(Markup out, Fields chart) {
    boolean bars = chart.required("kind").equals("bars");
    List<Series> all = new ArrayList<>();
    for (Fields series : chart.objects("series")) {
      all.add(
          new Series(
              series.textOrEmpty("name"), "s" + (all.size() % STYLES + 1), points(series, bars)));
    }
    all.removeIf(series -> series.points().isEmpty());
    if (all.isEmpty()) {
      return;
    }
    if (bars) {
      bars(out, chart, all);
    } else {
      lines(out, chart, all);
    }
  }

  private static List<Point> points(Fields series, boolean bars) {
    List<Point> points = new ArrayList<>();
    for (Object element : series.list("points")) {
      String path = series.pathTo("points[" + points.size() + "]");
      if (!(element instanceof List<?> pair)
          || pair.size() != 2
          || !(pair.get(1) instanceof Number y)
          || !Double.isFinite(y.doubleValue())
          || (!bars && !(pair.get(0) instanceof Number))) {
        throw new MalformedDocument("'" + path.replaceFirst("^\\d+:", "") + "' is no point");
      }
      points.add(
          new Point(
              bars ? String.valueOf(pair.get(0)) : null,
              pair.get(0) instanceof Number x ? x.doubleValue() : 0,
              y.doubleValue(),
              path + "[1]"));
    }
    return points;
  }

  private static Scale scale(
      Fields chart, List<Series> all, double from, double to, int intervals) {
    double min =
        all.stream().flatMap(s -> s.points().stream()).mapToDouble(Point::y).min().orElse(0);
    double max =
        all.stream().flatMap(s -> s.points().stream()).mapToDouble(Point::y).max().orElse(1);
    if (!chart.isTrue("log_y")) {
      return Scale.linear(min, max, from, to, intervals, FindingCharts::tick);
    }
    double positive =
        all.stream()
            .flatMap(s -> s.points().stream())
            .mapToDouble(Point::y)
            .filter(y -> y > 0)
            .min()
            .orElse(1);
    // A bar that begins at its own value would not be seen.
    return Scale.logarithmic(positive / 2, max, from, to, FindingCharts::tick);
  }

  private static String tick(double value) {
    double size = Math.abs(value);
    if (size >= 1e6) {
      return Markup.exact(value / 1e6) + " M";
    }
    return size >= 1e4 ? Markup.exact(value / 1e3) + " k" : Markup.exact(value);
  }

  private static String number(double value) {
    return value == Math.rint(value) ? Quantity.COUNT.cell(value) : Quantity.digits(value);
  }

  /** Horizontal bars: names of any length can be read. */
  private static void bars(Markup out, Fields chart, List<Series> all) {
    Set<String> categories = new LinkedHashSet<>();
    all.forEach(series ->
        series.points().forEach(point -> categories.add(String.valueOf(point.category()))));
    boolean several = all.size() > 1;
    double left =
        Math.min(MAX_LABEL, categories.stream().mapToDouble(Plot::textWidth).max().orElse(0)) + 12;
    double pitch = all.size() * BAR + GAP;
    double bottom = 6 + categories.size() * pitch;
    double right = Plot.WIDTH - 80;
    String title = chart.textOrEmpty("title");
    Plot.begin(out, "bars", title, description(all), bottom + 44);
    Plot plot = Plot.area(out, left, right, 6, bottom);
    Scale x = scale(chart, all, left, right, 6);
    plot.xAxis(x, chart.textOrEmpty("y_label") + (chart.isTrue("log_y") ? ", log scale" : ""));
    int row = 0;
    for (String category : categories) {
      double top = 6 + row++ * pitch + GAP / 2;
      plot.text(
          Plot.fitted(category, left - 10), left - 8, top + all.size() * BAR / 2 + 4, "label end");
      for (int i = 0; i < all.size(); i++) {
        for (Point point : all.get(i).points()) {
          if (category.equals(point.category())) {
            bar(out, plot, all.get(i), point, x, top + i * BAR);
          }
        }
      }
    }
    Plot.endSvg(out);
    if (several) {
      key(out, all);
    }
    out.close();
  }

  private static void bar(Markup out, Plot plot, Series series, Point point, Scale x, double top) {
    double zero = Math.max(plot.left(), Math.min(x.at(0), plot.right()));
    double end = x.at(point.y());
    out.open(
        "rect",
        "class",
        "value " + series.style(),
        "x",
        Math.min(zero, end),
        "y",
        top + 1,
        "width",
        Math.max(1, Math.abs(end - zero)),
        "height",
        BAR - 3,
        "data-key",
        point.path(),
        "data-y",
        Markup.exact(point.y()));
    out.element("title", series.name() + ", " + point.category() + ": " + number(point.y()));
    out.close();
    boolean negative = end < zero;
    plot.text(
        number(point.y()),
        negative ? end - 5 : end + 5,
        top + BAR / 2 + 3,
        negative ? "label small end" : "label small");
  }

  private static void key(Markup out, List<Series> all) {
    out.open("ul", "class", "key");
    for (Series series : all) {
      out.open("li").open("svg", "viewBox", "0 0 12 12", "class", "swatch", "aria-hidden", "true");
      out.leaf(
          "rect",
          "class",
          "value " + series.style(),
          "x",
          0.5,
          "y",
          0.5,
          "width",
          11,
          "height",
          11);
      out.close().text(" " + series.name()).close();
    }
    out.close();
  }

  private static void lines(Markup out, Fields chart, List<Series> all) {
    double labels =
        Math.min(
            MAX_LABEL, all.stream().mapToDouble(s -> Plot.textWidth(s.name())).max().orElse(0));
    double left = 62;
    double right = Plot.WIDTH - labels - 14;
    double top = 34;
    double bottom = HEIGHT - 46;
    double min =
        all.stream().flatMap(s -> s.points().stream()).mapToDouble(Point::x).min().orElse(0);
    double max =
        all.stream().flatMap(s -> s.points().stream()).mapToDouble(Point::x).max().orElse(1);
    Plot.begin(out, "lines", chart.textOrEmpty("title"), description(all), HEIGHT);
    Scale x = Scale.linear(min, max, left, right, 7, FindingCharts::tick);
    Scale y = scale(chart, all, bottom, top, 5);
    Plot plot = Plot.area(out, left, right, top, bottom);
    plot.xAxis(x, chart.textOrEmpty("x_label"));
    plot.yAxis(y, chart.textOrEmpty("y_label") + (chart.isTrue("log_y") ? ", log scale" : ""));
    List<Plot.EndLabel> ends = new ArrayList<>();
    for (Series series : all) {
      line(out, series, x, y);
      ends.add(
          new Plot.EndLabel(
              Plot.fitted(series.name(), labels),
              y.at(series.points().getLast().y()),
              series.style()));
    }
    plot.endLabels(ends, right + 8);
    Plot.end(out);
  }

  private static void line(Markup out, Series series, Scale x, Scale y) {
    out.open("g", "class", "series " + series.style(), "data-row", series.name());
    StringBuilder path = new StringBuilder();
    for (Point point : series.points()) {
      path.append(path.isEmpty() ? "M" : "L")
          .append(Markup.number(x.at(point.x())))
          .append(' ')
          .append(Markup.number(y.at(point.y())));
    }
    out.leaf("path", "class", "line", "d", path);
    for (Point point : series.points()) {
      out.open(
          "circle",
          "class",
          "point",
          "cx",
          x.at(point.x()),
          "cy",
          y.at(point.y()),
          "r",
          3,
          "data-key",
          point.path(),
          "data-x",
          Markup.exact(point.x()),
          "data-y",
          Markup.exact(point.y()));
      out.element("title", series.name() + ": " + number(point.y()) + " at " + number(point.x()));
      out.close();
    }
    out.close();
  }

  private static String description(List<Series> all) {
    StringBuilder text = new StringBuilder();
    for (Series series : all) {
      text.append(series.name()).append(": ");
      text.append(
          String.join(
              ", ",
              series.points().stream()
                  .map(p ->
                      (p.category() == null ? number(p.x()) : p.category()) + " " + number(p.y()))
                  .toList()));
      text.append(". ");
    }
    return text.toString().strip();
  }
}
