package dev.platter.emulator.result.page;

import static dev.platter.emulator.result.page.Pages.all;
import static dev.platter.emulator.result.page.Pages.hasClass;
import static dev.platter.emulator.result.page.Pages.number;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.w3c.dom.Element;

/** Every figure of a page is the document's. */
class FiguresTest {
  static final List<String> ALL = Pages.ALL;

  private static final Pattern SHOWN = Pattern.compile("(-?[0-9,]+)(\\.[0-9]+)?(?:\u00a0| )?(.*)");
  private static final Map<String, Double> UNITS =
      Map.of(
          "",
          1.0,
          "µs",
          1.0,
          "ms",
          1e3,
          "s",
          1e6,
          "B",
          1.0,
          "KiB",
          1024.0,
          "MiB",
          1048576.0,
          "GiB",
          1073741824.0);

  @ParameterizedTest
  @FieldSource("ALL")
  void inTables(String name) {
    List<Document> documents = List.of(Pages.document(name));
    Element page = Pages.page(name);
    List<Element> figures = all(page, "data");
    assertThat(figures.size()).isGreaterThan(60);
    for (Element figure : figures) {
      double expected = Pages.figure(documents, figure.getAttribute("data-key"));
      assertThat(number(figure, "value")).as(figure.getAttribute("data-key")).isEqualTo(expected);
      assertShows(figure, expected);
    }
    // And no cell of figures has one that does not say where it is from.
    for (Element cell : all(page, "td", hasClass("n"))) {
      if (!cell.getTextContent().equals(Tables.NONE)) {
        assertThat(all(cell, "data")).as(cell.getTextContent()).isNotEmpty();
      }
    }
  }

  /** What is shown differs from the figure by rounding only. */
  private static void assertShows(Element figure, double value) {
    String key = figure.getAttribute("data-key");
    Matcher shown = SHOWN.matcher(figure.getTextContent());
    assertThat(shown.matches()).as(figure.getTextContent()).isTrue();
    double unit = UNITS.getOrDefault(shown.group(3), Double.NaN);
    if (key.endsWith("bytes_per_second")) {
      unit = 1 << 20;
    } else if (key.endsWith("_seconds")) {
      unit = 1;
    }
    String decimals = shown.group(2) == null ? "" : shown.group(2);
    double said = Double.parseDouble(shown.group(1).replace(",", "") + decimals);
    double step = Math.pow(10, -Math.max(0, decimals.length() - 1));
    assertThat(said * unit).as(key).isEqualTo(value, within((step / 2 + 1e-9) * unit));
  }

  @Test
  void standUnderTheirHeadings() {
    Map<String, String> keys =
        Map.of(
            "total", "total_seconds.median",
            "of the runs", "total_seconds.min",
            "to virtio", "ratio_to_virtio",
            "p50", "latency_us.p50",
            "p99", "latency_us.p99",
            "p99.9", "latency_us.p99_9",
            "slowest", "latency_us.max",
            "throughput", "bytes_per_second",
            "runs", "runs");
    Element table = all(Pages.page("iotest"), "table").getFirst();
    List<Element> lines = all(table, "tr");
    List<Element> heads = all(lines.getFirst(), "th");
    assertThat(heads).hasSize(keys.size() + 1);
    for (int row = 0; row < 3; row++) {
      List<Element> cells = all(lines.get(row + 1), "td");
      for (int i = 1; i < heads.size(); i++) {
        String head = heads.get(i).getFirstChild().getTextContent();
        assertThat(all(cells.get(i - 1), "data").getFirst().getAttribute("data-key"))
            .isEqualTo("1:rows[" + row + "]." + keys.get(head));
      }
    }
  }

  @ParameterizedTest
  @FieldSource("ALL")
  void inCharts(String name) {
    List<Document> documents = List.of(Pages.document(name));
    List<Element> marks =
        all(
            Pages.page(name),
            "*",
            e -> e.hasAttribute("data-key") && !e.getNodeName().equals("data"));
    assertThat(marks).isNotEmpty();
    for (Element mark : marks) {
      String attribute = mark.hasAttribute("data-us") ? "data-us" : "data-y";
      assertThat(number(mark, attribute))
          .isEqualTo(Pages.figure(documents, mark.getAttribute("data-key")));
    }
  }

  @Test
  void ratiosOfAComparisonAreThoseOfItsFigures() {
    List<Document> documents =
        List.of(Pages.document("iotest"), Pages.document("iotest-old"), Pages.document("bench"));
    Element comparison = all(Pages.page("iotest", "iotest-old", "bench"), "section").getFirst();
    List<Element> ratios = all(comparison, "td", e -> e.hasAttribute("data-of"));
    assertThat(ratios).hasSize(3 * 7);
    for (Element ratio : ratios) {
      double quotient =
          Pages.figure(documents, ratio.getAttribute("data-of"))
              / Pages.figure(documents, ratio.getAttribute("data-to"));
      assertThat(ratio.getTextContent()).isEqualTo(Quantity.digits(quotient));
      assertThat(ratio.getAttribute("data-of")).startsWith("2:");
      assertThat(ratio.getAttribute("data-to"))
          .isEqualTo(
              ratio
                  .getAttribute("data-of")
                  .replaceFirst("2:rows\\[3\\]", "1:rows[2]")
                  .replaceFirst("2:", "1:"));
    }
  }
}
