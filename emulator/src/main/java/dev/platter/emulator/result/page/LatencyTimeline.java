package dev.platter.emulator.result.page;

import dev.platter.emulator.result.document.RequestStages;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A run's latencies over its time: a band from the mean to the largest of each bucket, and above it
 * when collections, safepoints, timers and stalls were.
 */
final class LatencyTimeline {
  /** How many buckets are drawn at the most; more are put together. */
  static final int MAX_BUCKETS = 640;

  private static final double LEFT = 74;
  private static final double RIGHT = 52;
  private static final double NARROW_RIGHT = 10;
  private static final double STRIP = 16;
  private static final double PLOT = 150;
  private static final double MIN_MARK = 2;

  /** Latencies of a part of the time; without a mean where the document has none. */
  private record Bucket(double at, double requests, double max, @Nullable Double mean, int count) {
    /** The lower edge of its part of the band. */
    double low() {
      return mean == null ? max : mean;
    }

    Bucket and(Bucket next) {
      double both = requests + next.requests;
      Double mine = mean;
      Double theirs = next.mean;
      Double combined =
          mine == null || theirs == null || both == 0
              ? mine
              : Double.valueOf((mine * requests + theirs * next.requests) / both);
      return new Bucket(at, both, Math.max(max, next.max), combined, count + next.count);
    }
  }

  /**
   * What an axis of latencies spans, in microseconds: the same for all runs that are shown
   * together, so that they can be compared.
   */
  record Span(double min, double max) {
    /** The span of some time lines. */
    static Span of(List<RequestStages.RunTimeline> timelines) {
      double min = Double.POSITIVE_INFINITY;
      double max = 0;
      for (RequestStages.RunTimeline timeline : timelines) {
        for (Bucket bucket : buckets(timeline)) {
          min = bucket.low() > 0 ? Math.min(min, bucket.low()) : min;
          max = Math.max(max, bucket.max());
        }
      }
      return new Span(Double.isInfinite(min) ? 1 : min, max > 0 ? max : 1);
    }
  }

  private LatencyTimeline() {}

  private static List<Bucket> buckets(RequestStages.RunTimeline timeline) {
    return timeline.buckets().stream()
        .map(bucket ->
            new Bucket(
                (double) bucket.atUs(),
                (double) bucket.requests(),
                bucket.maxUs(),
                bucket.meanUs(),
                1))
        .toList();
  }

  /** Draws a run's time line; nothing without buckets. */
  static void draw(Markup out, Row row, RequestStages.RunTimeline timeline, Span span) {
    List<Bucket> recorded = buckets(timeline);
    if (recorded.isEmpty()) {
      return;
    }
    double width = (double) Math.max(timeline.bucketUs(), 1);
    double end = Math.max(timeline.durationUs(), recorded.getLast().at() + width);
    double merged = Math.ceil(end / width / MAX_BUCKETS) * width;
    List<Bucket> buckets = merged(recorded, merged);
    Map<String, List<RequestStages.MarkedTime>> marks = new LinkedHashMap<>();
    for (RequestStages.MarkedTime mark : timeline.marks()) {
      marks.computeIfAbsent(mark.kind(), _ -> new ArrayList<>()).add(mark);
    }
    double top = 16 + marks.size() * STRIP + 26;
    double bottom = top + PLOT;
    String run = "run " + Quantity.COUNT.cell((double) Math.max(1, timeline.run()));
    String title = row.name() + ", " + run + ": latencies over time";
    Plot.begin(out, "timeline", title);
    for (Plot.Canvas canvas : Plot.Canvas.values()) {
      boolean wide = canvas == Plot.Canvas.WIDE;
      double right = canvas.width() - (wide ? RIGHT : NARROW_RIGHT);
      Plot.svg(out, canvas, title, description(buckets, marks, merged), bottom + 44);
      Scale x = Scale.upTo(end, LEFT, right, 7, Quantity::tick);
      Scale y = Scale.logarithmic(span.min(), span.max(), bottom, top, Quantity::tick);
      Plot plot = Plot.area(out, canvas, LEFT, right, top, bottom);
      plot.xAxis(x, "time since the run began").yAxis(y, "latency, log scale");
      marks(out, plot, marks, x);
      band(out, row, buckets, merged, x, y);
      if (wide) {
        Bucket last = buckets.getLast();
        List<Plot.EndLabel> labels = new ArrayList<>();
        labels.add(new Plot.EndLabel("max", y.at(last.max()), row.style()));
        if (last.mean() != null) {
          labels.add(new Plot.EndLabel("mean", y.at(last.mean()), row.style()));
        }
        plot.endLabels(labels, right + 6);
      }
      out.close();
    }
    if (merged > width) {
      out.element(
          "p",
          "Each step is " + Quantity.time(merged) + " of the run, several buckets of the JSON.",
          "class",
          "note");
    }
    out.close();
  }

  private static List<Bucket> merged(List<Bucket> buckets, double width) {
    List<Bucket> merged = new ArrayList<>();
    for (Bucket bucket : buckets) {
      if (!merged.isEmpty()
          && Math.floor(merged.getLast().at() / width) == Math.floor(bucket.at() / width)) {
        merged.set(merged.size() - 1, merged.getLast().and(bucket));
      } else {
        merged.add(bucket);
      }
    }
    return merged;
  }

  /** A strip for each kind of mark, the kind's name at its left. */
  private static void marks(
      Markup out, Plot plot, Map<String, List<RequestStages.MarkedTime>> marks, Scale x) {
    double top = 8;
    for (Map.Entry<String, List<RequestStages.MarkedTime>> entry : marks.entrySet()) {
      String kind = entry.getKey();
      plot.text(name(kind), LEFT - 6, top + 11, "tick end");
      out.leaf(
          "line",
          "class",
          "grid",
          "x1",
          plot.left(),
          "x2",
          plot.right(),
          "y1",
          top + STRIP - 1,
          "y2",
          top + STRIP - 1);
      double drawnTo = Double.NEGATIVE_INFINITY;
      for (RequestStages.MarkedTime mark : entry.getValue()) {
        double from = x.at(mark.atUs());
        double to = x.at(mark.atUs() + mark.us());
        // What lies within a mark that is drawn already cannot be seen.
        if (Math.max(to, from + MIN_MARK) <= drawnTo) {
          continue;
        }
        drawnTo = Math.max(to, from + MIN_MARK);
        mark(out, plot, mark, kind, from, drawnTo - from, top);
      }
      top += STRIP;
    }
  }

  private static void mark(
      Markup out,
      Plot plot,
      RequestStages.MarkedTime mark,
      String kind,
      double x,
      double width,
      double top) {
    String style = "mark " + style(kind);
    out.open("g", "class", style);
    if (!kind.equals("timer")) {
      out.leaf(
          "rect",
          "class",
          "shade",
          "x",
          x,
          "y",
          plot.top(),
          "width",
          width,
          "height",
          plot.bottom() - plot.top());
    }
    out.open(
        "rect",
        "class",
        "tip",
        "x",
        x,
        "y",
        top + 2,
        "width",
        width,
        "height",
        STRIP - 5,
        "data-kind",
        kind,
        "data-at",
        Markup.exact(mark.atUs()));
    String detail = mark.detail();
    out.element(
        "title",
        name(kind)
            + " at "
            + Quantity.time(mark.atUs())
            + (mark.us() > 0 ? ", " + Quantity.time(mark.us()) : "")
            + (detail.isEmpty() ? "" : ": " + detail));
    out.close().close();
  }

  private static String name(String kind) {
    return kind.equals("gc") ? "GC" : kind;
  }

  private static String style(String kind) {
    return switch (kind) {
      case "gc", "safepoint", "timer", "stall" -> kind;
      default -> "unknown";
    };
  }

  private static void band(
      Markup out, Row row, List<Bucket> buckets, double width, Scale x, Scale y) {
    out.open("g", "class", "series " + row.style(), "data-row", row.name());
    StringBuilder area = new StringBuilder();
    StringBuilder edge = new StringBuilder();
    int first = 0;
    for (int i = 1; i <= buckets.size(); i++) {
      // Where no request was, there is no band.
      boolean gap =
          i == buckets.size() || buckets.get(i).at() - buckets.get(i - 1).at() > 1.5 * width;
      if (gap) {
        List<Bucket> run = buckets.subList(first, i);
        steps(area, run, width, x, y);
        lowerEdge(edge, run, width, x, y);
        first = i;
      }
    }
    out.leaf("path", "class", "band", "d", area);
    out.leaf("path", "class", "line mean", "d", edge);
    for (Bucket bucket : buckets) {
      out.open(
          "circle",
          "class",
          "point",
          "cx",
          x.at(bucket.at() + width / 2),
          "cy",
          y.at(bucket.max()),
          "r",
          1.5,
          "data-at",
          Markup.exact(bucket.at()),
          "data-max",
          Markup.exact(bucket.max()));
      out.element(
          "title",
          String.format(
              Locale.ROOT,
              "at %s: %s, max %s%s",
              Quantity.time(bucket.at()),
              Quantity.count(bucket.requests(), "request"),
              Quantity.time(bucket.max()),
              bucket.mean() == null ? "" : ", mean " + Quantity.time(bucket.mean())));
      out.close();
    }
    out.close();
  }

  /** Around buckets without a gap: along their largest, and back along their means. */
  private static void steps(StringBuilder path, List<Bucket> run, double width, Scale x, Scale y) {
    path.append('M')
        .append(Markup.number(x.at(run.getFirst().at())))
        .append(' ')
        .append(Markup.number(y.at(run.getFirst().max())));
    for (Bucket bucket : run) {
      path.append('V').append(Markup.number(y.at(bucket.max())));
      path.append('H').append(Markup.number(x.at(bucket.at() + width)));
    }
    for (Bucket bucket : run.reversed()) {
      path.append('V').append(Markup.number(y.at(bucket.low())));
      path.append('H').append(Markup.number(x.at(bucket.at())));
    }
    path.append('Z');
  }

  private static void lowerEdge(
      StringBuilder path, List<Bucket> run, double width, Scale x, Scale y) {
    path.append('M')
        .append(Markup.number(x.at(run.getFirst().at())))
        .append(' ')
        .append(Markup.number(y.at(run.getFirst().low())));
    for (Bucket bucket : run) {
      path.append('V').append(Markup.number(y.at(bucket.low())));
      path.append('H').append(Markup.number(x.at(bucket.at() + width)));
    }
  }

  private static String description(
      List<Bucket> buckets, Map<String, List<RequestStages.MarkedTime>> marks, double width) {
    Bucket worst = buckets.getFirst();
    for (Bucket bucket : buckets) {
      worst = bucket.max() > worst.max() ? bucket : worst;
    }
    StringBuilder text =
        new StringBuilder("The slowest request took ")
            .append(Quantity.time(worst.max()))
            .append(", ")
            .append(Quantity.time(worst.at()))
            .append(" into the run; buckets of ")
            .append(Quantity.time(width))
            .append('.');
    marks.forEach((kind, list) ->
        text.append(' ').append(name(kind)).append(" marks: ").append(list.size()).append('.'));
    return text.toString();
  }
}
