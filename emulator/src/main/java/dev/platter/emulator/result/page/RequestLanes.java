package dev.platter.emulator.result.page;

import dev.platter.emulator.result.document.RequestStages;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One of the slowest requests: its way through the lanes of vCPU, loop and kernel, in time, and
 * beside it what it was stalled by.
 */
final class RequestLanes {
  private static final double LANE = 26;
  private static final double BAR = 18;
  private static final double TOP = 6;
  private static final double LEFT = 84;
  private static final double RIGHT = 30;
  private static final double MIN_WIDTH = 1.5;
  private static final List<String> ORDER =
      List.of("vcpu", "main-loop", "iothread", "own", "kernel");

  /** A step with its place. */
  private record Placed(RequestStages.Step step, String lane, double at) {}

  private RequestLanes() {}

  /**
   * Draws a request.
   *
   * @param number its place among the row's slowest requests, from 0
   */
  static void draw(Markup out, Row row, Stages stages, int number) {
    RequestStages.SlowRequest request = stages.recorded().slowest().get(number);
    List<Placed> steps = new ArrayList<>();
    double at = 0;
    for (RequestStages.Step step : request.stages()) {
      RequestStages.Stage stage = stages.stage(step.stage());
      steps.add(new Placed(step, stage == null ? "" : stage.lane(), at));
      at += step.us();
    }
    if (steps.isEmpty()) {
      return;
    }
    List<String> lanes = lanes(steps);
    double bottom = TOP + lanes.size() * LANE;
    String what = what(row, request);
    RequestStages.Stall stall = request.stall();
    String stalled = stall == null ? "" : stall.stage();
    out.open("figure", "class", "chart lanes");
    caption(out, row, request, stages.path() + ".slowest[" + number + "].end_to_end_us");
    double whole = at;
    double left =
        Math.max(
            LEFT,
            lanes.stream().mapToDouble(lane -> Plot.textWidth(laneName(lane))).max().orElse(0)
                + 12);
    for (Plot.Canvas canvas : Plot.Canvas.values()) {
      double right = canvas.width() - RIGHT;
      Plot.svg(out, canvas, what, description(steps, stall), bottom + 24);
      Scale x = Scale.upTo(whole, left, right, 6, Quantity::tick);
      Plot plot = Plot.area(out, canvas, left, right, TOP, bottom);
      plot.xAxis(x, null);
      for (int i = 0; i < lanes.size(); i++) {
        plot.text(laneName(lanes.get(i)), left - 8, TOP + i * LANE + LANE / 2 + 4, "label end");
        double y = TOP + (i + 1) * LANE;
        out.leaf("line", "class", "grid", "x1", left, "x2", right, "y1", y, "y2", y);
      }
      Placed before = null;
      for (Placed step : steps) {
        if (before != null) {
          crossing(out, before, step, lanes, x);
        }
        before = step;
      }
      for (Placed step : steps) {
        step(out, plot, step, lanes.indexOf(step.lane()), x, stalled.equals(step.step().stage()));
      }
      out.close();
    }
    out.close();
  }

  private static List<String> lanes(List<Placed> steps) {
    List<String> used = steps.stream().map(Placed::lane).distinct().toList();
    List<String> lanes = new ArrayList<>(ORDER);
    lanes.retainAll(used);
    used.stream().filter(lane -> !ORDER.contains(lane)).forEach(lanes::add);
    return lanes;
  }

  /** What a lane is called. */
  static String laneName(String lane) {
    return switch (lane) {
      case "vcpu" -> "vCPU";
      case "main-loop" -> "main loop";
      case "iothread" -> "IOThread";
      case "own" -> "own loop";
      case "kernel" -> "kernel";
      case "" -> "?";
      default -> lane;
    };
  }

  /** Where the request goes from one thread to another. */
  private static void crossing(
      Markup out, Placed before, Placed step, List<String> lanes, Scale x) {
    int from = lanes.indexOf(before.lane());
    int to = lanes.indexOf(step.lane());
    if (from != to) {
      double at = x.at(step.at());
      out.leaf(
          "line",
          "class",
          "crossing",
          "x1",
          at,
          "x2",
          at,
          "y1",
          TOP + Math.min(from, to) * LANE + LANE / 2,
          "y2",
          TOP + Math.max(from, to) * LANE + LANE / 2);
    }
  }

  private static void step(
      Markup out, Plot plot, Placed placed, int lane, Scale x, boolean stalled) {
    String key = placed.step().stage();
    double micros = placed.step().us();
    double from = x.at(placed.at());
    double width = Math.max(MIN_WIDTH, x.at(placed.at() + micros) - from);
    double top = TOP + lane * LANE + (LANE - BAR) / 2;
    out.open(
        "rect",
        "class",
        "stage " + Stages.style(key) + (stalled ? " stalled" : ""),
        "x",
        from,
        "y",
        top,
        "width",
        width,
        "height",
        BAR,
        "data-stage",
        key,
        "data-us",
        Markup.exact(micros));
    out.element("title", key + ": " + Quantity.time(micros) + (stalled ? ", stalled" : ""));
    out.close();
    String label = key + " " + Quantity.time(micros);
    if (Plot.textWidth(label) + 6 < width) {
      plot.text(label, from + width / 2, top + BAR / 2 + 4, "inside middle");
    } else if (Plot.textWidth(key) + 4 < width) {
      plot.text(key, from + width / 2, top + BAR / 2 + 4, "inside middle");
    }
  }

  private static String what(Row row, RequestStages.SlowRequest request) {
    return row.name()
        + ": "
        + request.operation()
        + " of "
        + Quantity.bytes((double) request.lengthBytes())
        + ", "
        + Quantity.time(request.endToEndUs());
  }

  private static void caption(Markup out, Row row, RequestStages.SlowRequest request, String path) {
    out.open("figcaption");
    Tables.figure(out, path, request.endToEndUs(), Quantity.time(request.endToEndUs()), "b");
    out.text(
        " · "
            + request.operation()
            + " of "
            + Quantity.bytes((double) request.lengthBytes())
            + " at offset "
            + Quantity.COUNT.cell((double) request.offsetBytes())
            + " · "
            + row.name()
            + ", run "
            + Quantity.COUNT.cell((double) Math.max(1, request.run()))
            + ", "
            + Quantity.time(request.atUs())
            + " into it");
    RequestStages.Stall stall = request.stall();
    if (stall != null) {
      out.open("span", "class", "stall-note");
      out.element("b", StallCauses.name(stall.cause()));
      out.text(" in stage '" + stall.stage() + "' for " + Quantity.time(stall.us()));
      out.text(stall.detail().isEmpty() ? "" : ": " + stall.detail());
      out.close();
    }
    out.close();
  }

  private static String description(List<Placed> steps, RequestStages.@Nullable Stall stall) {
    StringBuilder text = new StringBuilder();
    for (Placed step : steps) {
      text.append(text.isEmpty() ? "" : ", ")
          .append(step.step().stage())
          .append(' ')
          .append(Quantity.time(step.step().us()))
          .append(" (")
          .append(laneName(step.lane()))
          .append(')');
    }
    if (stall != null) {
      text.append(". Stalled: ").append(StallCauses.name(stall.cause()));
    }
    return text.append('.').toString();
  }
}
