package dev.platter.emulator.page;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An SVG with axes in it. It is as wide as the text, and scrolls in a box of its own where that is
 * too narrow to read it.
 */
final class Plot {
  /** Width of every chart, in units of its own; about pixels. */
  static final int WIDTH = 760;

  private static final int TICK_GAP = 6;

  private final Markup out;
  private final double left;
  private final double right;
  private final double top;
  private final double bottom;

  /**
   * A text beside the end of a line.
   *
   * @param at where it should be, vertically
   */
  record EndLabel(String text, double at, String style) {}

  private Plot(Markup out, double left, double right, double top, double bottom) {
    this.out = out;
    this.left = left;
    this.right = right;
    this.top = top;
    this.bottom = bottom;
  }

  /**
   * Opens a figure and its SVG.
   *
   * @param kind the chart's class, for the style sheet and tests
   * @param title what it shows, for those who do not see it, and as caption
   * @param description what is to be seen in it
   */
  static void begin(Markup out, String kind, String title, String description, double height) {
    out.open("figure", "class", "chart " + kind);
    out.element("figcaption", title);
    svg(out, title, description, height);
  }

  /** Opens an SVG in a box that scrolls. */
  static void svg(Markup out, String title, String description, double height) {
    out.open("div", "class", "scroll", "tabindex", "0", "role", "region", "aria-label", title);
    out.open(
        "svg",
        "viewBox",
        "0 0 " + WIDTH + " " + Markup.number(height),
        "role",
        "img",
        "aria-label",
        title);
    out.element("title", title);
    out.element("desc", description);
  }

  /** Closes the SVG and its box. */
  static void endSvg(Markup out) {
    out.close().close();
  }

  /** Closes the SVG and the figure. */
  static void end(Markup out) {
    endSvg(out);
    out.close();
  }

  /** An area to draw in, in the SVG that is open. */
  static Plot area(Markup out, double left, double right, double top, double bottom) {
    return new Plot(out, left, right, top, bottom);
  }

  /** The left edge. */
  double left() {
    return left;
  }

  /** The right edge. */
  double right() {
    return right;
  }

  /** The upper edge. */
  double top() {
    return top;
  }

  /** The lower edge. */
  double bottom() {
    return bottom;
  }

  /** Draws the horizontal axis. */
  Plot xAxis(Scale scale, @Nullable String label) {
    for (Scale.Tick tick : scale.ticks()) {
      out.leaf("line", "class", "grid", "x1", tick.at(), "x2", tick.at(), "y1", top, "y2", bottom);
      if (!tick.label().isEmpty()) {
        text(tick.label(), tick.at(), bottom + 16, "tick middle");
      }
    }
    out.leaf("line", "class", "axis", "x1", left, "x2", right, "y1", bottom, "y2", bottom);
    if (label != null) {
      text(label, right, bottom + 34, "axis-label end");
    }
    return this;
  }

  /** Draws the vertical axis; its label stands above it, to be read without turning one's head. */
  Plot yAxis(Scale scale, @Nullable String label) {
    for (Scale.Tick tick : scale.ticks()) {
      out.leaf(
          "line",
          "class",
          tick.label().isEmpty() ? "grid minor" : "grid",
          "x1",
          left,
          "x2",
          right,
          "y1",
          tick.at(),
          "y2",
          tick.at());
      if (!tick.label().isEmpty()) {
        text(tick.label(), left - TICK_GAP, tick.at() + 4, "tick end");
      }
    }
    if (label != null) {
      text(label, 0, top - 12, "axis-label");
    }
    return this;
  }

  /** Writes a text; its style says how it is aligned. */
  void text(String text, double x, double y, String style) {
    out.element("text", text, "x", x, "y", y, "class", style);
  }

  /** Writes labels beside the ends of lines, one below the other where lines end together. */
  void endLabels(List<EndLabel> labels, double x) {
    List<EndLabel> sorted = new ArrayList<>(labels);
    sorted.sort(Comparator.comparingDouble(EndLabel::at));
    double[] wanted = sorted.stream().mapToDouble(EndLabel::at).toArray();
    double[] places = spread(wanted, 15, top + 4, bottom);
    for (int i = 0; i < places.length; i++) {
      text(sorted.get(i).text(), x, places[i] + 4, "label " + sorted.get(i).style());
    }
  }

  /**
   * Places in order that are as near to where they are wanted as their distance allows.
   *
   * @param wanted in ascending order
   * @param gap the least distance
   */
  static double[] spread(double[] wanted, double gap, double low, double high) {
    double[] places = wanted.clone();
    for (int round = 0; round < 200; round++) {
      for (int i = 1; i < places.length; i++) {
        double missing = gap - (places[i] - places[i - 1]);
        if (missing > 0) {
          places[i - 1] -= missing / 2;
          places[i] += missing / 2;
        }
      }
      if (places.length * gap <= high - low) {
        for (int i = 0; i < places.length; i++) {
          places[i] =
              Math.clamp(
                  places[i], low + i * gap * 0.999, high - (places.length - 1 - i) * gap * 0.999);
        }
      }
    }
    return places;
  }

  /** About how wide a label is, in a font on the broad side. */
  static double textWidth(String text) {
    return text.chars().mapToDouble(Plot::width).sum();
  }

  private static double width(int character) {
    if (" .,:;'|!()ijlt".indexOf(character) >= 0) {
      return 4.6;
    }
    return Character.isUpperCase(character) || "mw+%".indexOf(character) >= 0 ? 9.2 : 7.4;
  }

  /** A text cut to a width, with an ellipsis. */
  static String fitted(String text, double width) {
    if (textWidth(text) <= width) {
      return text;
    }
    int end = text.length();
    while (end > 1 && textWidth(text.substring(0, end)) > width - 10) {
      end--;
    }
    return text.substring(0, end) + "…";
  }
}
