package dev.platter.emulator.result.page;

import dev.platter.emulator.result.Figures;
import dev.platter.emulator.result.document.MalformedDocument;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Charts that an experiment made of its figures: bars by category, or lines over numbers. Where the
 * axis is logarithmic, and so has no zero to begin at, a category has a dot instead of a bar.
 */
final class FindingCharts {
  private static final double BAR = 18;
  private static final double LINE = 15;
  private static final double VALUE = 80;
  private static final double GAP = 14;
  private static final double HEIGHT = 300;
  private static final double MAX_LABEL = 220;

  /** A point; a category's bar has no number across. */
  private record Point(@Nullable String category, double x, double y, String path) {}

  private record Series(String name, String style, Figures figures, List<Point> points) {
    Plot.Named named() {
      return new Plot.Named(name, style);
    }

    String number(Point point) {
      return figures.text(point.y());
    }
  }

  private FindingCharts() {}

  /** Draws a chart; nothing if it has no points. */
  static void draw(Markup out, Fields chart) {
    boolean bars = chart.required("kind").equals("bars");
    List<Series> all = new ArrayList<>();
    List<Fields> objects = chart.objects("series");
    List<String> styles =
        Colours.of(
            objects.stream()
                .map(one -> Colours.preferred(one.textOrEmpty("name"), false, false))
                .toList());
    for (Fields series : objects) {
      List<Point> points = points(series, bars);
      Figures figures = Figures.of(chart.text("y_unit"), points.stream().map(Point::y).toList());
      all.add(new Series(series.textOrEmpty("name"), styles.get(all.size()), figures, points));
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
        throw MalformedDocument.at(path, "is no point");
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
    return Scale.logarithmic(positive, max, from, to, FindingCharts::tick);
  }

  private static String tick(double value) {
    double size = Math.abs(value);
    if (size >= 1e6) {
      return Markup.exact(value / 1e6) + " M";
    }
    return size >= 1e4 ? Markup.exact(value / 1e3) + " k" : Markup.exact(value);
  }

  /** Horizontal bars: names of any length can be read. */
  private static void bars(Markup out, Fields chart, List<Series> all) {
    Set<String> categories = new LinkedHashSet<>();
    all.forEach(series ->
        series.points().forEach(point -> categories.add(String.valueOf(point.category()))));
    String title = chart.textOrEmpty("title");
    Plot.begin(out, chart.isTrue("log_y") ? "dots" : "bars", title);
    for (Plot.Canvas canvas : Plot.Canvas.values()) {
      bars(out, canvas, chart, all, categories);
    }
    if (all.size() > 1) {
      Plot.key(out, named(all), false, false);
    }
    out.close();
  }

  private static List<Plot.Named> named(List<Series> all) {
    return all.stream().map(Series::named).toList();
  }

  private static void bars(
      Markup out, Plot.Canvas canvas, Fields chart, List<Series> all, Set<String> categories) {
    double widest = categories.stream().mapToDouble(Plot::textWidth).max().orElse(0);
    boolean beside = canvas.hasRoomBeside(widest, MAX_LABEL);
    boolean negative = all.stream().flatMap(s -> s.points().stream()).anyMatch(p -> p.y() < 0);
    // A value stands to the left of a bar that goes there.
    double values = negative ? VALUE / 2 : 0;
    double left = values + (beside ? widest + 12 : 8);
    double right = canvas.width() - VALUE;
    double pitch = all.size() * BAR + GAP;
    double bottom = 6 + categories.size() * pitch;
    if (!beside) {
      for (String category : categories) {
        bottom += LINE * Plot.wrapped(category, canvas.width() - 8).size();
      }
    }
    Plot.svg(out, canvas, chart.textOrEmpty("title"), description(all), bottom + 44);
    Plot plot = Plot.area(out, canvas, left, right, 6, bottom);
    Scale x = scale(chart, all, left, right, beside ? 6 : 4);
    plot.xAxis(x, chart.textOrEmpty("y_label") + (chart.isTrue("log_y") ? ", log scale" : ""));
    double top = 6 + GAP / 2;
    for (String category : categories) {
      if (beside) {
        plot.text(category, left - values - 8, top + all.size() * BAR / 2 + 4, "label end");
      } else {
        for (String line : Plot.wrapped(category, canvas.width() - 8)) {
          plot.text(line, 0, top + LINE - 5, "label");
          top += LINE;
        }
      }
      for (Series series : all) {
        for (Point point : series.points()) {
          if (category.equals(point.category())) {
            value(out, plot, series, point, chart.isTrue("log_y"), x, top);
          }
        }
        top += BAR;
      }
      top += GAP;
    }
    out.close();
  }

  private static void value(
      Markup out, Plot plot, Series series, Point point, boolean dot, Scale x, double top) {
    double zero = Math.max(plot.left(), Math.min(x.at(0), plot.right()));
    double end = x.at(point.y());
    double middle = top + BAR / 2;
    String style = "value " + series.style();
    if (dot) {
      out.leaf(
          "line",
          "class",
          "grid",
          "x1",
          plot.left(),
          "x2",
          plot.right(),
          "y1",
          middle,
          "y2",
          middle);
      out.open(
          "circle",
          "class",
          style,
          "cx",
          end,
          "cy",
          middle,
          "r",
          5,
          "data-key",
          point.path(),
          "data-y",
          Markup.exact(point.y()));
    } else {
      out.open(
          "rect",
          "class",
          style,
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
    }
    out.element("title", series.name() + ", " + point.category() + ": " + series.number(point));
    out.close();
    boolean negative = !dot && end < zero;
    plot.text(
        series.number(point),
        negative ? end - 5 : end + (dot ? 9 : 5),
        middle + 3,
        negative ? "label small end" : "label small");
  }

  private static void lines(Markup out, Fields chart, List<Series> all) {
    double widest = all.stream().mapToDouble(s -> Plot.textWidth(s.name())).max().orElse(0);
    double left = 62;
    double top = 34;
    double bottom = HEIGHT - 46;
    double min =
        all.stream().flatMap(s -> s.points().stream()).mapToDouble(Point::x).min().orElse(0);
    double max =
        all.stream().flatMap(s -> s.points().stream()).mapToDouble(Point::x).max().orElse(1);
    String title = chart.textOrEmpty("title");
    Plot.begin(out, "lines", title);
    for (Plot.Canvas canvas : Plot.Canvas.values()) {
      double labels = canvas.hasRoomBeside(widest, MAX_LABEL) ? widest : 0;
      double right = canvas.width() - labels - 16;
      Plot.svg(out, canvas, title, description(all), HEIGHT);
      Scale x = Scale.linear(min, max, left, right, 7, FindingCharts::tick);
      Scale y = scale(chart, all, bottom, top, 5);
      Plot plot = Plot.area(out, canvas, left, right, top, bottom);
      plot.xAxis(x, chart.textOrEmpty("x_label"));
      plot.yAxis(y, chart.textOrEmpty("y_label") + (chart.isTrue("log_y") ? ", log scale" : ""));
      all.forEach(series -> plot.line(series.named(), marks(series), x, y));
      if (labels > 0) {
        plot.endLabels(
            all.stream()
                .map(s -> new Plot.EndLabel(s.name(), y.at(s.points().getLast().y()), s.style()))
                .toList(),
            right + 8);
      }
      out.close();
    }
    Plot.key(out, named(all), true, Plot.Canvas.WIDE.hasRoomBeside(widest, MAX_LABEL));
    out.close();
  }

  private static List<Plot.Mark> marks(Series series) {
    return series.points().stream()
        .map(point ->
            new Plot.Mark(
                point.x(),
                point.y(),
                point.path(),
                series.name() + ": " + series.number(point) + " at " + Markup.exact(point.x()),
                ""))
        .toList();
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
                      (p.category() == null ? Markup.exact(p.x()) : p.category())
                          + " "
                          + series.number(p))
                  .toList()));
      text.append(". ");
    }
    return text.toString().strip();
  }
}
