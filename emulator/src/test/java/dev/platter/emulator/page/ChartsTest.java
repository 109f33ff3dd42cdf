package dev.platter.emulator.page;

import static dev.platter.emulator.page.Pages.all;
import static dev.platter.emulator.page.Pages.charts;
import static dev.platter.emulator.page.Pages.hasClass;
import static dev.platter.emulator.page.Pages.number;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.w3c.dom.Element;

/** Charts carry the data: as many marks as the document has, and each in its place. */
class ChartsTest {
  static final List<String> ALL = Pages.ALL;

  private static final double PIXEL = 0.02;

  private static List<?> list(Map<String, ?> json, String path) {
    return (List<?>) Pages.at(json, path);
  }

  /** That coordinates are a straight line over the transformed values. */
  private static void assertStraight(
      List<Element> marks, String coordinate, String value, DoubleUnaryOperator transform) {
    Element low = marks.getFirst();
    Element high = marks.getFirst();
    for (Element mark : marks) {
      low = number(mark, value) < number(low, value) ? mark : low;
      high = number(mark, value) > number(high, value) ? mark : high;
    }
    double from = transform.applyAsDouble(number(low, value));
    double to = transform.applyAsDouble(number(high, value));
    assertThat(to).isGreaterThan(from);
    double slope = (number(high, coordinate) - number(low, coordinate)) / (to - from);
    assertThat(Math.abs(slope)).isGreaterThan(0);
    for (Element mark : marks) {
      double expected =
          number(low, coordinate) + slope * (transform.applyAsDouble(number(mark, value)) - from);
      assertThat(number(mark, coordinate)).isEqualTo(expected, within(PIXEL));
    }
  }

  @Test
  void percentilesAreOverNinesAndPowersOfTen() {
    Element chart = charts(Pages.page("iotest-deaf"), "percentiles").getFirst();
    List<Element> lines = all(chart, "g", hasClass("series"));
    assertThat(lines)
        .extracting(line -> line.getAttribute("data-row"))
        .containsExactly("raw", "ahci", "ahci (notify off)", "virtio");
    Map<String, Object> json = Pages.json("iotest-deaf");
    for (int i = 0; i < 4; i++) {
      assertThat(all(lines.get(i), "circle"))
          .hasSameSizeAs(list(json, "rows[" + i + "].percentiles_us"));
    }
    List<Element> points = all(chart, "circle");
    assertStraight(points, "cy", "data-y", Math::log10);
    assertStraight(
        points.stream().filter(point -> number(point, "data-x") < 100).toList(),
        "cx",
        "data-x",
        percentile -> -Math.log10(1 - percentile / 100));
    // Slower is higher, and the axis says so: its labels stand where points of their value do.
    Element slow =
        points.stream()
            .max((a, b) -> Double.compare(number(a, "data-y"), number(b, "data-y")))
            .orElseThrow();
    assertThat(points)
        .allSatisfy(p -> assertThat(number(p, "cy")).isGreaterThanOrEqualTo(number(slow, "cy")));
    double ten = tick(chart, "10\u00a0ms");
    double hundred = tick(chart, "100\u00a0ms");
    double expected = ten + (hundred - ten) * (Math.log10(number(slow, "data-y")) - 4);
    assertThat(number(slow, "cy")).isEqualTo(expected, within(PIXEL));
  }

  private static double tick(Element chart, String label) {
    return number(all(chart, "text", text -> text.getTextContent().equals(label)).getFirst(), "y")
        - 4;
  }

  @Test
  void anOlderDocumentHasTheFewPercentilesOfItsTable() {
    Element page = Pages.page("iotest-old");
    List<Element> charts = charts(page, "percentiles");
    assertThat(charts).hasSize(1);
    assertThat(all(charts.getFirst(), "circle")).hasSize(4 * 4);
    assertThat(charts(page, "stages")).isEmpty();
    assertThat(charts(page, "timeline")).isEmpty();
    assertThat(charts(page, "lanes")).isEmpty();
    assertThat(page.getTextContent())
        .contains("Stages were not recorded; add --stages or --report to the command.")
        .contains("does not have its command line");
  }

  @Test
  void barsAreAsLongAsTheirTimesAndAddUp() {
    Element page = Pages.page("iotest-deaf");
    List<Element> charts = charts(page, "stages");
    assertThat(charts)
        .extracting(chart -> all(chart, "figcaption").getFirst().getTextContent())
        .containsExactly(
            "Where the time of a request at p50 goes",
            "The same at p50 without the kernel and the disk",
            "Where the time of a request at p99 goes",
            "The same at p99 without the kernel and the disk");
    Map<String, Object> json = Pages.json("iotest-deaf");
    for (Element bar : all(charts.getFirst(), "g", hasClass("bar"))) {
      List<Element> parts = all(bar, "rect");
      String row = parts.getFirst().getAttribute("data-key").replaceFirst("1:(rows.\\d+.).*", "$1");
      Map<?, ?> stages = (Map<?, ?>) Pages.at(json, row + ".stages.at_p50.stages_us");
      assertThat(parts).hasSize(stages.size());
      double sum = parts.stream().mapToDouble(part -> number(part, "data-us")).sum();
      double total = ((Number) Pages.at(json, row + ".stages.at_p50.end_to_end_us")).doubleValue();
      assertThat(sum).isEqualTo(total, within(0.05));
      double width = parts.stream().mapToDouble(part -> number(part, "width")).sum();
      double at = number(parts.getFirst(), "x");
      for (Element part : parts) {
        assertThat(number(part, "x")).isEqualTo(at, within(0.1));
        assertThat(number(part, "width"))
            .isEqualTo(width * number(part, "data-us") / sum, within(0.05));
        at += number(part, "width");
      }
    }
    // raw, ahci and virtio share an axis: the same time is the same length.
    List<Element> kernels =
        all(charts.getFirst(), "rect", e -> e.getAttribute("data-stage").equals("kernel"));
    double scale = number(kernels.get(0), "width") / number(kernels.get(0), "data-us");
    assertThat(number(kernels.get(1), "width") / number(kernels.get(1), "data-us"))
        .isEqualTo(scale, within(scale * 1e-4));
    assertThat(charts.getFirst().getTextContent()).contains("has an axis of its own");
    assertThat(all(charts.get(1), "rect"))
        .noneMatch(part -> part.getAttribute("data-stage").equals("kernel"));
    // Without the kernel, what remains of a request that waited for half a second is no news.
    assertThat(all(charts.get(1), "g", hasClass("bar"))).hasSize(3);
  }

  @Test
  void aTimelineHasEveryBucketAndMark() {
    Map<String, Object> json = Pages.json("iotest-deaf");
    Element chart =
        charts(Pages.page("iotest-deaf"), "timeline").stream()
            .filter(c -> c.getTextContent().contains("ahci (notify off), run 1"))
            .findFirst()
            .orElseThrow();
    String timeline = "rows[2].stages.timelines[0]";
    List<Element> points = all(chart, "circle");
    assertThat(points).hasSameSizeAs(list(json, timeline + ".buckets"));
    assertStraight(points, "cx", "data-at", DoubleUnaryOperator.identity());
    assertStraight(points, "cy", "data-max", Math::log10);
    List<Element> marks = all(chart, "rect", hasClass("tip"));
    assertThat(marks).hasSameSizeAs(list(json, timeline + ".marks"));
    assertStraight(marks, "x", "data-at", DoubleUnaryOperator.identity());
    assertThat(marks).extracting(mark -> mark.getAttribute("data-kind")).contains("timer", "stall");
    assertThat(all(chart, "text")).extracting(Element::getTextContent).contains("timer", "stall");
  }

  @Test
  void manyBucketsArePutTogetherAndTheirLargestRemains() {
    List<Map<String, Object>> buckets = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      buckets.add(
          Map.of("at_us", i * 1000, "requests", 1, "max_us", i == 7001 ? 5e5 : 100, "mean_us", 50));
    }
    Map<String, Object> timeline =
        Map.of("run", 1, "bucket_us", 1000, "duration_us", 10_000_000, "buckets", buckets);
    Markup out = new Markup();
    Row row = new Row(Fields.of(1, Map.of("device", "raw")), "raw", "s1");
    LatencyTimeline.draw(out, row, Fields.of(1, timeline));
    Element chart = Pages.parsed(out.toString());
    List<Element> points = all(chart, "circle");
    assertThat(points.size()).isLessThanOrEqualTo(LatencyTimeline.MAX_BUCKETS).isGreaterThan(400);
    assertThat(points).filteredOn(point -> number(point, "data-max") == 5e5).hasSize(1);
    assertThat(chart.getTextContent()).contains("several buckets of the JSON");
  }

  @Test
  void aSlowRequestIsDrawnAcrossItsLanesWithItsCause() {
    Element page = Pages.page("iotest-deaf");
    List<Element> all = charts(page, "lanes");
    // Of raw and virtio one, of ahci four, of the deaf one eight; none is left out.
    assertThat(all).hasSize(1 + 4 + 8 + 1);
    Element slowest =
        all.stream()
            .filter(c -> c.getTextContent().contains("ahci (notify off), run 1"))
            .findFirst()
            .orElseThrow();
    assertThat(slowest.getTextContent())
        .contains("nobody told the loop in stage 'queue' for 499\u00a0ms")
        .contains("main-loop slept; nobody told it of the SQE; its timer woke it");
    assertThat(all(slowest, "text"))
        .extracting(Element::getTextContent)
        .contains("vCPU", "main loop", "kernel");
    List<Element> steps = all(slowest, "rect");
    assertThat(steps)
        .extracting(step -> step.getAttribute("data-stage"))
        .containsExactlyElementsOf(Stages.ORDER);
    Element queue = steps.get(4);
    assertThat(steps).filteredOn(hasClass("stalled")).containsExactly(queue);
    double all499 = steps.stream().mapToDouble(step -> number(step, "data-us")).sum();
    assertThat(number(queue, "width") / (Plot.WIDTH - 30 - 84))
        .isEqualTo(number(queue, "data-us") / all499, within(0.001));
    // The vCPU's lane is above the loop's, which is above the kernel's; and back.
    assertThat(number(steps.get(0), "y")).isEqualTo(number(steps.get(9), "y"));
    assertThat(number(queue, "y")).isGreaterThan(number(steps.get(0), "y"));
    assertThat(number(steps.get(5), "y")).isGreaterThan(number(queue, "y"));
  }

  @Test
  void findingsChartsHaveTheirPoints() {
    Map<String, Object> json = Pages.json("lab");
    Element page = Pages.page("lab");
    int bars = 0;
    int points = 0;
    for (Fields experiment : Fields.of(1, json).objects("experiments")) {
      for (Fields chart : experiment.objects("charts")) {
        for (Fields series : chart.objects("series")) {
          int size = series.list("points").size();
          if (chart.required("kind").equals("bars")) {
            bars += size;
          } else {
            points += size;
          }
        }
      }
    }
    assertThat(
            charts(page, "bars").stream()
                .mapToInt(c -> all(c, "rect", e -> e.hasAttribute("data-y")).size())
                .sum())
        .isEqualTo(bars);
    List<Element> lines = charts(page, "lines");
    assertThat(lines.stream().mapToInt(c -> all(c, "circle").size()).sum()).isEqualTo(points);
    for (Element chart : lines) {
      assertStraight(all(chart, "circle"), "cx", "data-x", DoubleUnaryOperator.identity());
      assertStraight(all(chart, "circle"), "cy", "data-y", DoubleUnaryOperator.identity());
    }
    // A negative bar goes to the left of zero.
    Element gain = charts(page, "bars").get(1);
    List<Element> values = all(gain, "rect", e -> e.hasAttribute("data-y"));
    Element negative =
        values.stream().filter(e -> number(e, "data-y") < 0).findFirst().orElseThrow();
    Element positive =
        values.stream().filter(e -> number(e, "data-y") > 5).findFirst().orElseThrow();
    assertThat(number(negative, "x") + number(negative, "width"))
        .isEqualTo(number(positive, "x"), within(PIXEL));
  }

  @ParameterizedTest
  @FieldSource("ALL")
  void nothingIsDrawnOutsideAndEveryChartIsDescribed(String name) {
    Element page = Pages.page(name);
    List<Element> drawings = all(page, "svg", svg -> svg.getAttribute("role").equals("img"));
    assertThat(drawings).isNotEmpty();
    for (Element svg : drawings) {
      String title = svg.getAttribute("aria-label");
      assertThat(title).isNotBlank();
      List<Element> children = all(svg, "*");
      assertThat(children.get(0).getNodeName()).isEqualTo("title");
      assertThat(children.get(1).getNodeName()).isEqualTo("desc");
      assertThat(children.get(1).getTextContent()).as(title).isNotBlank();
      String[] box = svg.getAttribute("viewBox").split(" ", -1);
      double width = Double.parseDouble(box[2]);
      double height = Double.parseDouble(box[3]);
      for (Element mark : children) {
        for (String x : List.of("x", "cx", "x1", "x2")) {
          if (mark.hasAttribute(x)) {
            assertThat(number(mark, x)).as(title).isBetween(0.0, width);
          }
        }
        for (String y : List.of("y", "cy", "y1", "y2")) {
          if (mark.hasAttribute(y)) {
            assertThat(number(mark, y)).as(title).isBetween(0.0, height);
          }
        }
        if (mark.getNodeName().equals("rect")) {
          assertThat(number(mark, "x") + number(mark, "width")).as(title).isBetween(0.0, width);
        }
      }
    }
  }
}
