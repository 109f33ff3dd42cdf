package dev.platter.emulator.result.page;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An SVG with axes in it. Every chart is drawn twice, for a wide screen and for a narrow one; the
 * style sheet shows one of them.
 */
final class Plot {
  /** Width of a chart for a wide screen, in units of its own; about pixels. */
  static final int WIDTH = 760;

  private static final int TICK_GAP = 6;
  private static final double LABEL_GAP = 4;

  /** What a chart is drawn on. */
  enum Canvas {
    WIDE(WIDTH),
    /** As wide as the text is on a screen of 390 pixels. */
    NARROW(358);

    private final int width;

    Canvas(int width) {
      this.width = width;
    }

    /** In units of its own; about pixels. */
    int width() {
      return width;
    }

    /**
     * Whether the widest of some names has its place beside what is drawn; if not, the names stand
     * above it, or in a key below.
     */
    boolean hasRoomBeside(double widest, double most) {
      return this == WIDE && widest <= most;
    }

    private String style() {
      return this == WIDE ? "wide" : "narrow";
    }
  }

  private final Markup out;
  private final double width;
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

  private Plot(Markup out, Canvas canvas, double left, double right, double top, double bottom) {
    this.out = out;
    this.width = canvas.width();
    this.left = left;
    this.right = right;
    this.top = top;
    this.bottom = bottom;
  }

  /**
   * Opens a figure.
   *
   * @param kind the chart's class, for the style sheet and tests
   * @param caption what it shows
   */
  static void begin(Markup out, String kind, String caption) {
    out.open("figure", "class", "chart " + kind);
    out.element("figcaption", caption);
  }

  /**
   * Opens an SVG in a figure.
   *
   * @param title what it shows, for those who do not see it
   * @param description what is to be seen in it
   */
  static void svg(Markup out, Canvas canvas, String title, String description, double height) {
    out.open(
        "svg",
        "viewBox",
        "0 0 " + canvas.width() + " " + Markup.number(height),
        "class",
        canvas.style(),
        "role",
        "img",
        "aria-label",
        title);
    out.element("title", title);
    out.element("desc", description);
  }

  /** An area to draw in, in the SVG that is open. */
  static Plot area(
      Markup out, Canvas canvas, double left, double right, double top, double bottom) {
    return new Plot(out, canvas, left, right, top, bottom);
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
    }
    for (Scale.Tick tick : labelled(scale)) {
      text(tick.label(), labelAt(tick), bottom + 16, "tick middle");
    }
    out.leaf("line", "class", "axis", "x1", left, "x2", right, "y1", bottom, "y2", bottom);
    if (label != null) {
      text(label, right, bottom + 34, "axis-label end");
    }
    return this;
  }

  /** Where a label below an axis has its middle: not beyond the chart's edge. */
  private double labelAt(Scale.Tick tick) {
    double half = textWidth(tick.label()) / 2;
    return Math.clamp(tick.at(), Math.min(half, width / 2), Math.max(width - half, width / 2));
  }

  /**
   * The ticks whose labels have their place: every so many-th of an even scale; of another the
   * first, the last, and what fits between them.
   */
  private List<Scale.Tick> labelled(Scale scale) {
    List<Scale.Tick> all = scale.ticks().stream().filter(tick -> !tick.label().isEmpty()).toList();
    List<Scale.Tick> shown = new ArrayList<>();
    for (int every = 1; scale.isEven() && every <= all.size(); every++) {
      shown.clear();
      for (int i = 0; i < all.size(); i += every) {
        shown.add(all.get(i));
      }
      if (allFit(shown)) {
        return shown;
      }
    }
    shown.clear();
    for (Scale.Tick tick : all) {
      boolean end = shown.isEmpty() || tick.equals(all.getLast());
      if (end || (fit(shown.getLast(), tick) && fit(tick, all.getLast()))) {
        shown.add(tick);
      }
    }
    return shown;
  }

  private boolean allFit(List<Scale.Tick> ticks) {
    for (int i = 1; i < ticks.size(); i++) {
      if (!fit(ticks.get(i - 1), ticks.get(i))) {
        return false;
      }
    }
    return true;
  }

  private boolean fit(Scale.Tick left, Scale.Tick right) {
    double needed = (textWidth(left.label()) + textWidth(right.label())) / 2 + LABEL_GAP;
    return Math.abs(labelAt(right) - labelAt(left)) >= needed;
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

  /** A text in lines of a width at the most: broken at blanks, or within what has none. */
  static List<String> wrapped(String text, double width) {
    List<String> lines = new ArrayList<>();
    String rest = text;
    while (textWidth(rest) > width) {
      int end = rest.length() - 1;
      while (end > 1 && textWidth(rest.substring(0, end)) > width) {
        end--;
      }
      int blank = rest.lastIndexOf(' ', end);
      lines.add(rest.substring(0, blank > 0 ? blank : end).strip());
      rest = rest.substring(blank > 0 ? blank : end).strip();
    }
    lines.add(rest);
    return lines;
  }

  /** A name in a key, and the class that gives it its colour. */
  record Named(String name, String style) {}

  /**
   * A point of a line.
   *
   * @param path where the document has its y
   * @param words what is told of it where it is pointed at
   * @param label what stands above it; may be empty
   */
  record Mark(double x, double y, String path, String words, String label) {}

  /** Draws a line through its points. */
  void line(Named series, List<Mark> marks, Scale x, Scale y) {
    StringBuilder path = new StringBuilder();
    for (Mark mark : marks) {
      path.append(path.isEmpty() ? "M" : "L")
          .append(Markup.number(x.at(mark.x())))
          .append(' ')
          .append(Markup.number(y.at(mark.y())));
    }
    out.open("g", "class", "series " + series.style(), "data-row", series.name());
    out.leaf("path", "class", "line", "d", path);
    for (Mark mark : marks) {
      out.open(
          "circle",
          "class",
          "point",
          "cx",
          x.at(mark.x()),
          "cy",
          y.at(mark.y()),
          "r",
          3,
          "data-key",
          mark.path(),
          "data-x",
          Markup.exact(mark.x()),
          "data-y",
          Markup.exact(mark.y()));
      out.element("title", mark.words());
      out.close();
      if (!mark.label().isEmpty()) {
        text(mark.label(), x.at(mark.x()), y.at(mark.y()) - 8, "small middle");
      }
    }
    out.close();
  }

  /**
   * Says below a chart what its lines or bars are.
   *
   * @param narrow whether only on a narrow screen, because the wide chart has the names beside
   */
  static void key(Markup out, List<Named> entries, boolean lines, boolean narrow) {
    out.open("ul", "class", narrow ? "key narrow" : "key");
    for (Named entry : entries) {
      out.open("li");
      if (lines) {
        out.open("svg", "viewBox", "0 0 26 12", "class", "swatch long", "aria-hidden", "true");
        out.open("g", "class", entry.style()).leaf("path", "class", "line", "d", "M0 6L26 6");
        out.close();
      } else {
        out.open("svg", "viewBox", "0 0 12 12", "class", "swatch", "aria-hidden", "true");
        square(out, "value " + entry.style());
      }
      out.close().text(" " + entry.name()).close();
    }
    out.close();
  }

  /** The square of a swatch. */
  static void square(Markup out, String style) {
    out.leaf("rect", "class", style, "x", 0.5, "y", 0.5, "width", 11, "height", 11);
  }
}
