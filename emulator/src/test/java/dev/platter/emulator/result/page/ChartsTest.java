package dev.platter.emulator.result.page;

import static dev.platter.emulator.result.page.Pages.all;
import static dev.platter.emulator.result.page.Pages.charts;
import static dev.platter.emulator.result.page.Pages.hasClass;
import static dev.platter.emulator.result.page.Pages.number;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.platter.emulator.result.document.Records;
import dev.platter.emulator.result.document.RequestStages;
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
    String band = all(chart, "path", hasClass("band")).getFirst().getAttribute("d");
    assertThat(band.chars().filter(c -> c == 'V').count())
        .as("a step up and a step down for each bucket")
        .isEqualTo(2L * points.size());
    assertStraight(points, "cx", "data-at", DoubleUnaryOperator.identity());
    assertStraight(points, "cy", "data-max", Math::log10);
    List<Element> marks = all(chart, "rect", hasClass("tip"));
    assertThat(marks).hasSameSizeAs(list(json, timeline + ".marks"));
    assertStraight(marks, "x", "data-at", DoubleUnaryOperator.identity());
    assertThat(marks).extracting(mark -> mark.getAttribute("data-kind")).contains("timer", "stall");
    assertThat(all(chart, "text")).extracting(Element::getTextContent).contains("timer", "stall");
  }

  @Test
  void allTimelinesHaveOneAxisAndNoBars() {
    List<Element> charts = charts(Pages.page("iotest-deaf"), "timeline");
    assertThat(charts.size()).isGreaterThan(3);
    for (Element chart : charts) {
      List<Element> axis = all(chart, "text", hasClass("tick").and(hasClass("end")));
      double millisecond = number(labelled(axis, "1\u00a0ms"), "y");
      double second = number(labelled(axis, "1\u00a0s"), "y");
      assertThat(millisecond - second).isEqualTo(150, within(PIXEL));
    }
  }

  private static Element labelled(List<Element> texts, String label) {
    return texts.stream()
        .filter(text -> text.getTextContent().equals(label))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void onALogarithmicAxisThereAreDotsAndNoBars() {
    for (String name : ALL) {
      for (Element chart : all(Pages.page(name), "figure")) {
        if (chart.getTextContent().contains("log scale")) {
          assertThat(all(chart, "rect", e -> e.hasAttribute("data-y"))).isEmpty();
        }
      }
    }
    assertThat(charts(Pages.page("lab"), "dots")).hasSize(1);
  }

  @Test
  void devicesHaveTheirOrderAndTheirColoursEverywhere() {
    String virtio = "virtio";
    Map<String, List<String>> orders =
        Map.of(
            "iotest-deaf", List.of("s3 raw", "s2 ahci", "s4 ahci (notify off)", "s1 virtio"),
            "bench", List.of("s3 raw", "s2 ahci", "s1 virtio"),
            "guest",
                List.of("s2 platter ahci", "s1 platter virtio", "s6 qemu ahci", "s5 qemu virtio"),
            "lab", List.of("s2 SATA", "s4 SATA, notify off", "s1 " + virtio));
    orders.forEach((name, order) -> {
      for (Element chart : charts(Pages.page(name), "percentiles")) {
        List<String> drawn =
            all(chart, "g", hasClass("series")).stream()
                .map(one ->
                    one.getAttribute("class").replace("series ", "")
                        + " "
                        + one.getAttribute("data-row"))
                .toList();
        assertThat(order).as(name).containsSubsequence(drawn);
      }
    });
    List<Fields> shuffled =
        List.of("virtio", "ahci", "raw").stream()
            .map(device -> Fields.of(1, Map.of("device", device)))
            .toList();
    assertThat(Row.of(shuffled)).extracting(Row::name).containsExactly("raw", "ahci", "virtio");
    // What is no device leaves theirs alone; no two in a chart are the same.
    assertThat(Colours.of(List.of(0, 0, 3, 0, 2, 1, 0)))
        .containsExactly("s5", "s6", "s3", "s4", "s2", "s1", "s5");
    assertThat(Colours.of(List.of(2, 2, 2))).containsExactly("s2", "s5", "s6");
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
    Fields fields = Fields.of(1, timeline);
    RequestStages.RunTimeline recorded =
        Records.read(RequestStages.RunTimeline.class, fields.map(), fields.path());
    LatencyTimeline.draw(out, row, recorded, LatencyTimeline.Span.of(List.of(recorded)));
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
                    .sum()
                + charts(page, "dots").stream()
                    .mapToInt(c -> all(c, "circle", e -> e.hasAttribute("data-y")).size())
                    .sum())
        .isEqualTo(bars);
    List<Element> lines = charts(page, "lines");
    assertThat(lines.stream().mapToInt(c -> all(c, "circle").size()).sum()).isEqualTo(points);
    for (Element chart : lines) {
      assertStraight(all(chart, "circle"), "cx", "data-x", DoubleUnaryOperator.identity());
      assertStraight(all(chart, "circle"), "cy", "data-y", DoubleUnaryOperator.identity());
    }
    // A negative bar goes to the left of zero.
    Element gain = charts(page, "bars").getFirst();
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
    String page = HtmlReport.render(List.of(Pages.document(name)));
    Element wide = Pages.parsed(page);
    Element narrow = Pages.narrow(page);
    assertInside(wide, Plot.Canvas.WIDE);
    assertInside(narrow, Plot.Canvas.NARROW);
    // Both have the same marks, and the narrow one says what they are, too.
    for (String mark : List.of("circle", "rect")) {
      assertThat(all(narrow, mark).size()).isGreaterThanOrEqualTo(all(wide, mark).size());
    }
    for (Element chart : charts(narrow, "percentiles")) {
      assertThat(all(chart, "li")).hasSameSizeAs(all(chart, "g", hasClass("series")));
    }
  }

  private static void assertInside(Element page, Plot.Canvas canvas) {
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
      assertThat(width).isEqualTo(canvas.width());
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
        if (mark.getNodeName().equals("text")) {
          // Real fonts are narrower than the estimate.
          double size = 0.85 * Plot.textWidth(mark.getTextContent());
          double before = hasClass("end").test(mark) ? 1 : hasClass("middle").test(mark) ? 0.5 : 0;
          String what = title + ": " + mark.getTextContent();
          assertThat(number(mark, "x") - before * size).as(what).isGreaterThanOrEqualTo(0);
          assertThat(number(mark, "x") + (1 - before) * size).as(what).isLessThanOrEqualTo(width);
        }
      }
    }
  }

  @Test
  void longNamesAreWholeEverywhere() {
    String name = "ahci (notify off, other activity, and a name that goes on and on for all that)";
    Map<String, Object> json = Pages.json("iotest-deaf");
    List<?> rows = list(json, "rows");
    @SuppressWarnings("unchecked")
    Map<String, Object> row = (Map<String, Object>) rows.get(2);
    row.put("label", name);
    String page = HtmlReport.render(List.of(new Document("long", json)));
    for (Element screen : List.of(Pages.parsed(page), Pages.narrow(page))) {
      assertThat(all(charts(screen, "percentiles").getFirst(), "li"))
          .extracting(li -> li.getTextContent().strip())
          .contains(name);
      List<String> labels =
          all(charts(screen, "stages").getFirst(), "text").stream()
              .map(Element::getTextContent)
              .toList();
      assertThat(String.join(" ", labels)).contains(name);
    }
    assertInside(Pages.parsed(page), Plot.Canvas.WIDE);
    assertInside(Pages.narrow(page), Plot.Canvas.NARROW);
    assertThat(Plot.wrapped("one two three", 60)).containsExactly("one two", "three");
    assertThat(String.join("", Plot.wrapped("x".repeat(100), 60))).isEqualTo("x".repeat(100));
  }
}
