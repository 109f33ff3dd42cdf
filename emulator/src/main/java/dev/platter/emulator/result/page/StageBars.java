package dev.platter.emulator.result.page;

import dev.platter.emulator.result.document.RequestStages;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/**
 * Stacked bars: for each row, the time of the requests at a percentile by stage. Rows that take
 * many times as long as others have an axis of their own: on a common one nothing of the others
 * could be seen. A guest's bar begins with what its server does not see. Where the kernel and the
 * disk take nearly all, the rest is drawn once more without them.
 */
final class StageBars {
  private static final double OWN_AXIS = 8;
  private static final double NEARLY_ALL = 0.6;
  private static final double NOTABLE = 0.1;
  private static final double BAR = 30;
  private static final double PITCH = 44;
  private static final double LINE = 15;
  private static final double MAX_LABEL = 180;
  private static final double TOTAL_WIDTH = 74;
  private static final double AXIS = 30;
  private static final double BETWEEN = 14;

  /** A row's bar: the parts of it that are drawn. */
  private record Bar(
      Row row,
      Stages stages,
      String percentile,
      RequestStages.Share share,
      Map<String, Double> parts) {
    double length() {
      return parts.values().stream().mapToDouble(Double::doubleValue).sum();
    }

    /** The time that its parts are of. */
    double whole() {
      return share.endToEndUs() + parts.getOrDefault(Stages.UNSEEN, 0.0);
    }

    /** The kernel's share of 1. */
    double kernel() {
      return share.of(Stages.KERNEL) / share.endToEndUs();
    }

    Bar withoutKernel() {
      Map<String, Double> rest = new LinkedHashMap<>(parts);
      rest.remove(Stages.KERNEL);
      return new Bar(row, stages, percentile, share, rest);
    }
  }

  private StageBars() {}

  /**
   * Draws a bar for each row that has stages; nothing without such.
   *
   * @param percentile {@code p50} or {@code p99}
   */
  static void draw(Markup out, List<Row> rows, String percentile) {
    List<Bar> bars = new ArrayList<>();
    for (Row row : rows) {
      Stages stages = row.stages();
      RequestStages.Share share = stages == null ? null : stages.at(percentile);
      if (stages != null && share != null && share.endToEndUs() > 0) {
        Map<String, Double> parts = new LinkedHashMap<>();
        Double unseen = Stages.unseen(row, percentile);
        if (unseen != null) {
          parts.put(Stages.UNSEEN, unseen);
        }
        parts.putAll(share.stagesUs());
        bars.add(new Bar(row, stages, percentile, share, parts));
      }
    }
    if (bars.isEmpty()) {
      return;
    }
    chart(out, bars, "Where the time of a request at " + percentile + " goes");
    List<Bar> rest =
        bars.stream().filter(bar -> bar.kernel() > NOTABLE).map(Bar::withoutKernel).toList();
    if (bars.stream().anyMatch(bar -> bar.kernel() > NEARLY_ALL)
        && rest.stream().anyMatch(bar -> bar.length() > 0)) {
      chart(out, rest, "The same at " + percentile + " without the kernel and the disk");
    }
  }

  private static void chart(Markup out, List<Bar> bars, String title) {
    List<List<Bar>> groups = groups(bars);
    Plot.begin(out, "stages", title);
    for (Plot.Canvas canvas : Plot.Canvas.values()) {
      chart(out, canvas, bars, groups, title);
    }
    if (groups.size() > 1) {
      out.element(
          "p",
          "The axes differ: what takes more than "
              + (int) OWN_AXIS
              + " times as long as the next one has an axis of its own.",
          "class",
          "note");
    }
    out.close();
  }

  private static void chart(
      Markup out, Plot.Canvas canvas, List<Bar> bars, List<List<Bar>> groups, String title) {
    double widest =
        bars.stream().mapToDouble(bar -> Plot.textWidth(bar.row().name())).max().orElse(0);
    boolean beside = canvas.hasRoomBeside(widest, MAX_LABEL);
    double left = beside ? widest + 10 : 1;
    double right = canvas.width() - TOTAL_WIDTH;
    ToDoubleFunction<Bar> pitch = bar -> beside ? PITCH : PITCH + LINE * names(canvas, bar).size();
    double height =
        bars.stream().mapToDouble(pitch).sum() + groups.size() * (AXIS + BETWEEN) - BETWEEN;
    Plot.svg(out, canvas, title, description(bars), height);
    double top = 0;
    for (List<Bar> group : groups) {
      double bottom = top + group.stream().mapToDouble(pitch).sum();
      double longest = group.stream().mapToDouble(Bar::length).max().orElse(1);
      Scale x = Scale.upTo(longest, left, right, beside ? 6 : 4, Quantity::tick);
      Plot plot = Plot.area(out, canvas, left, right, top, bottom);
      plot.xAxis(x, null);
      for (Bar bar : group) {
        top += pitch.applyAsDouble(bar);
        double at = top - (PITCH + BAR) / 2;
        if (beside) {
          plot.text(bar.row().name(), left - 8, at + BAR / 2 + 4, "label end");
        } else {
          List<String> names = names(canvas, bar);
          for (int i = 0; i < names.size(); i++) {
            plot.text(names.get(i), left, at - 5 - (names.size() - 1 - i) * LINE, "label");
          }
        }
        bar(out, plot, bar, x, at);
      }
      top = bottom + AXIS + BETWEEN;
    }
    out.close();
  }

  private static List<String> names(Plot.Canvas canvas, Bar bar) {
    return Plot.wrapped(bar.row().name(), canvas.width() - 8);
  }

  /** Bars that can share an axis, each group in the order of the rows. */
  private static List<List<Bar>> groups(List<Bar> bars) {
    List<Bar> ascending = new ArrayList<>(bars);
    ascending.sort(Comparator.comparingDouble(Bar::length));
    List<List<Bar>> groups = new ArrayList<>();
    double before = 0;
    for (Bar bar : ascending) {
      if (groups.isEmpty() || bar.length() > before * OWN_AXIS) {
        groups.add(new ArrayList<>());
      }
      before = bar.length();
      groups.getLast().add(bar);
    }
    groups.forEach(group -> group.sort(Comparator.comparingInt(bars::indexOf)));
    return groups;
  }

  private static void bar(Markup out, Plot plot, Bar bar, Scale x, double top) {
    Row row = bar.row();
    double baseline = top + BAR / 2 + 4;
    out.open("g", "class", "bar", "data-row", row.name());
    double at = 0;
    for (Map.Entry<String, Double> part : bar.parts().entrySet()) {
      String key = part.getKey();
      double micros = part.getValue();
      double from = x.at(at);
      double width = x.at(at + micros) - from;
      at += micros;
      out.open(
          "rect",
          "class",
          "stage " + Stages.style(key),
          "x",
          from,
          "y",
          top,
          "width",
          Math.max(0, width),
          "height",
          BAR,
          "data-key",
          key.equals(Stages.UNSEEN)
              ? null
              : bar.stages().pathAt(bar.percentile(), "stages_us." + key),
          "data-stage",
          key,
          "data-us",
          Markup.exact(micros));
      out.element("title", tooltip(bar, key, micros)).close();
      String both = key + " " + Quantity.time(micros);
      if (Plot.textWidth(both) + 4 < width) {
        plot.text(both, from + width / 2, baseline, "inside middle");
      } else if (Plot.textWidth(key) + 2 < width) {
        plot.text(key, from + width / 2, baseline, "inside middle");
      }
    }
    out.close();
    plot.text(Quantity.time(bar.length()), x.at(at) + 6, baseline, "label");
  }

  private static String tooltip(Bar bar, String key, double micros) {
    RequestStages.Stage stage = bar.stages().stage(key);
    return key
        + (stage == null || stage.label().isEmpty() ? "" : " (" + stage.label() + ")")
        + ": "
        + Quantity.time(micros)
        + ", "
        + Quantity.percent(micros / bar.whole());
  }

  /** What the colours and names mean, in order of time. */
  static void key(Markup out, List<Row> rows) {
    Map<String, Map<String, Set<String>>> labels = new LinkedHashMap<>();
    Stages.ORDER.forEach(key -> labels.put(key, new LinkedHashMap<>()));
    for (Row row : rows) {
      Stages stages = row.stages();
      if (stages != null) {
        for (RequestStages.Stage stage : stages.recorded().stages()) {
          labels
              .computeIfAbsent(stage.stage(), _ -> new LinkedHashMap<>())
              .computeIfAbsent(stage.label(), _ -> new LinkedHashSet<>())
              .add(row.device());
        }
      }
    }
    if (rows.stream()
        .anyMatch(row -> Stages.unseen(row, "p50") != null || Stages.unseen(row, "p99") != null)) {
      labels.put(
          Stages.UNSEEN,
          Map.of("what the guest waits for and the server does not see", Set.of("")));
    }
    out.open("ul", "class", "key");
    labels.forEach((key, byLabel) -> {
      if (!byLabel.isEmpty()) {
        key(out, key, byLabel);
      }
    });
    out.close();
  }

  private static void key(Markup out, String key, Map<String, Set<String>> byLabel) {
    List<String> texts = new ArrayList<>();
    byLabel.forEach((label, devices) ->
        texts.add(byLabel.size() == 1 ? label : String.join(", ", devices) + ": " + label));
    out.open("li").open("svg", "viewBox", "0 0 12 12", "class", "swatch", "aria-hidden", "true");
    Plot.square(out, "stage " + Stages.style(key));
    out.close().element("b", key).text(" " + String.join("; ", texts)).close();
  }

  private static String description(List<Bar> bars) {
    StringBuilder text = new StringBuilder();
    for (Bar bar : bars) {
      text.append(bar.row().name())
          .append(": ")
          .append(Quantity.time(bar.length()))
          .append(" in all; ");
      text.append(
          String.join(
              ", ",
              bar.parts().entrySet().stream()
                  .map(part -> part.getKey() + " " + Quantity.time(part.getValue()))
                  .toList()));
      text.append(". ");
    }
    return text.toString().strip();
  }
}
