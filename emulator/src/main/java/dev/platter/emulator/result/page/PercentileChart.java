package dev.platter.emulator.result.page;

import java.util.List;

/** Latency percentiles: a line for each row, log-scaled nines across, powers of ten upwards. */
final class PercentileChart {
  private static final double HEIGHT = 360;
  private static final double LEFT = 62;
  private static final double RIGHT = 14;
  private static final double TOP = 34;
  private static final double BOTTOM = HEIGHT - 46;
  private static final double MAX_LABEL = 190;

  /** A row's line. */
  record Line(Row row, List<Row.Percentile> points) {
    private Plot.Named named() {
      return new Plot.Named(row.name(), row.style());
    }
  }

  private PercentileChart() {}

  /** Draws the lines; nothing if none has points. */
  static void draw(Markup out, String title, List<Line> all) {
    List<Line> lines = all.stream().filter(line -> !line.points().isEmpty()).toList();
    if (lines.isEmpty()) {
      return;
    }
    double min =
        lines.stream()
            .flatMap(l -> l.points().stream())
            .mapToDouble(Row.Percentile::micros)
            .filter(v -> v > 0)
            .min()
            .orElse(1);
    double max =
        lines.stream()
            .flatMap(l -> l.points().stream())
            .mapToDouble(Row.Percentile::micros)
            .max()
            .orElse(1);
    double last =
        lines.stream()
            .flatMap(l -> l.points().stream())
            .mapToDouble(Row.Percentile::percentile)
            .filter(p -> p < 100)
            .max()
            .orElse(99);
    double widest = lines.stream().mapToDouble(l -> Plot.textWidth(l.row().name())).max().orElse(0);
    Plot.begin(out, "percentiles", title);
    for (Plot.Canvas canvas : Plot.Canvas.values()) {
      double labels = canvas.hasRoomBeside(widest, MAX_LABEL) ? widest : 0;
      double right = canvas.width() - labels - RIGHT;
      Plot.svg(out, canvas, title, description(lines), HEIGHT);
      Scale x = Scale.nines(last, LEFT, right - 10);
      Scale y = Scale.logarithmic(min, max, BOTTOM, TOP, Quantity::tick);
      Plot plot = Plot.area(out, canvas, LEFT, right, TOP, BOTTOM);
      plot.xAxis(x, "percentile of requests").yAxis(y, "latency, log scale");
      lines.forEach(line -> plot.line(line.named(), marks(line), x, y));
      if (labels > 0) {
        plot.endLabels(
            lines.stream()
                .map(l ->
                    new Plot.EndLabel(
                        l.row().name(), y.at(l.points().getLast().micros()), l.row().style()))
                .toList(),
            right + 4);
      }
      out.close();
    }
    Plot.key(
        out,
        lines.stream().map(Line::named).toList(),
        true,
        Plot.Canvas.WIDE.hasRoomBeside(widest, MAX_LABEL));
    out.close();
  }

  private static List<Plot.Mark> marks(Line line) {
    return line.points().stream()
        .map(point ->
            new Plot.Mark(
                point.percentile(),
                point.micros(),
                point.path(),
                line.row().name()
                    + ", "
                    + name(point.percentile())
                    + ": "
                    + Quantity.time(point.micros()),
                ""))
        .toList();
  }

  private static String name(double percentile) {
    return percentile >= 100
        ? "maximum"
        : percentile <= 0 ? "minimum" : "p" + Markup.exact(percentile);
  }

  private static String description(List<Line> lines) {
    StringBuilder text = new StringBuilder();
    for (Line line : lines) {
      text.append(line.row().name()).append(": ");
      text.append(
          String.join(
              ", ",
              line.points().stream()
                  .map(p -> name(p.percentile()) + " " + Quantity.time(p.micros()))
                  .toList()));
      text.append(". ");
    }
    return text.toString().strip();
  }
}
