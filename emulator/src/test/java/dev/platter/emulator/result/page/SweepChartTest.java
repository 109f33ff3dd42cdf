package dev.platter.emulator.result.page;

import static dev.platter.emulator.result.page.Pages.all;
import static dev.platter.emulator.result.page.Pages.hasClass;
import static dev.platter.emulator.result.page.Pages.number;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;

class SweepChartTest {
  private static Map<String, Object> row(String device, int depth, double iops, double p50) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("device", device);
    row.put("label", device + " (depth " + depth + ")");
    row.put("runs", 1);
    row.put("partial", false);
    row.put("iodepth", depth);
    row.put("iops", Map.of("median", iops, "min", iops, "max", iops));
    row.put("latency_us", Map.of("p50", p50, "p99", 2 * p50, "p99_9", 3 * p50, "max", 4 * p50));
    return row;
  }

  private static Element page(List<Map<String, Object>> rows) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("schema", "platter.bench/1");
    document.put("parameters", Map.of("rw", "randread"));
    document.put("environment", Map.of());
    document.put("rows", rows);
    return Pages.page(new Document("sweep.json", document));
  }

  @Test
  void theCurveHasAPointForEachDepthOfEachDevice() {
    Element page =
        page(
            List.of(
                row("ahci", 1, 9_000, 100),
                row("virtio", 1, 10_000, 90),
                row("ahci", 32, 50_000, 600),
                row("virtio", 32, 100_000, 300)));
    Element chart = all(page, "figure", hasClass("sweep")).getFirst();
    List<Element> lines = all(chart, "g", hasClass("series"));
    assertThat(lines)
        .extracting(line -> line.getAttribute("data-row"))
        .containsExactly("ahci", "virtio");
    List<Element> virtio = all(lines.getLast(), "circle");
    assertThat(virtio)
        .extracting(point -> point.getAttribute("data-key"))
        .containsExactly("1:rows[1].iops.median", "1:rows[3].iops.median");
    assertThat(virtio).extracting(point -> number(point, "data-y")).containsExactly(1e4, 1e5);
    assertThat(virtio).extracting(point -> number(point, "data-x")).containsExactly(90.0, 300.0);
    // More IOPS are higher, more latency is to the right.
    assertThat(number(virtio.getLast(), "cy")).isLessThan(number(virtio.getFirst(), "cy"));
    assertThat(number(virtio.getLast(), "cx")).isGreaterThan(number(virtio.getFirst(), "cx"));
    assertThat(all(lines.getLast(), "text"))
        .extracting(Element::getTextContent)
        .containsExactly("1", "32");
    List<String> leads = new ArrayList<>();
    all(page, "p", hasClass("lead")).forEach(p -> leads.add(p.getTextContent()));
    assertThat(leads)
        .containsExactly(
            "SATA makes at most 50,000 IOPS at depth 32 (p50 600\u00a0µs),"
                + " and 9,000 IOPS at depth 1 (p50 100\u00a0µs).",
            "Virtio makes at most 100,000 IOPS at depth 32 (p50 300\u00a0µs),"
                + " and 10,000 IOPS at depth 1 (p50 90.0\u00a0µs).");
  }

  @Test
  void oneDepthHasNoCurve() {
    Element page = page(List.of(row("ahci", 4, 9_000, 100), row("virtio", 4, 10_000, 90)));
    assertThat(all(page, "figure", hasClass("sweep"))).isEmpty();
  }

  /** As experiments have them: images of several kinds, at several depths. */
  @Test
  void rowsThatDifferInMoreThanTheDepthHaveNoCurve() {
    Element page =
        page(
            List.of(
                row("ahci", 1, 9_000, 100),
                row("ahci", 1, 4_000, 200),
                row("ahci", 16, 30_000, 600),
                row("ahci", 16, 20_000, 900)));
    assertThat(all(page, "figure", hasClass("sweep"))).isEmpty();
  }
}
