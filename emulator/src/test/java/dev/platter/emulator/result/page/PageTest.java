package dev.platter.emulator.result.page;

import static dev.platter.emulator.result.page.Pages.all;
import static dev.platter.emulator.result.page.Pages.hasClass;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.platter.emulator.result.document.MalformedDocument;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.w3c.dom.Element;
import tools.jackson.jr.ob.JSON;

class PageTest {
  static final List<String> ALL = Pages.ALL;

  static final List<String> HOSTILE =
      List.of(
          "</script><script>alert(1)</script>",
          "\"><img src=x onerror=alert(1)>",
          "'><svg onload=alert(1)>",
          "]]><!-- <b>",
          "&lt;i&gt; &amp; \u0000\u001b[31m \u202efdp.exe \ud800",
          "{{7*7}} ${7*7} `code");

  private static List<String> headings(Element page) {
    return all(page, "*").stream()
        .filter(e -> e.getNodeName().matches("h[1-4]"))
        .map(Element::getTextContent)
        .toList();
  }

  @Test
  void aRunHasItsSectionsInOrder() {
    assertThat(headings(Pages.page("iotest")))
        .containsExactly(
            "iotest: batches of requests on SATA and virtio",
            "Figures",
            "Latency percentiles",
            "Stages",
            "Latencies over time",
            "The slowest requests",
            "Stalls",
            "Parameters",
            "Environment",
            "Image",
            "io_uring set-up flags",
            "Mitigations of processor vulnerabilities",
            "How to repeat it");
  }

  @Test
  void itTellsTheConditionsAndHowToRepeatIt() {
    Element page = Pages.page("iotest-deaf");
    String text = page.getTextContent();
    assertThat(text)
        .contains("2026-11-20T09:31:02Z · AMD EPYC · Linux 6.18.44 · 2\u00a0processors · xfs")
        .contains("performance", "written", "Serial")
        .contains("NO_SQARRAY: EINVAL from this kernel; it is in Linux 6.6")
        .contains("spectre_v2", "Mitigation: Retpolines");
    assertThat(all(all(page, "pre").getFirst(), "code").getFirst().getTextContent())
        .isEqualTo("./platter iotest --runs 5 --ablate notify --json 'deaf run.json'");
    Element remedies = all(page, "dl", hasClass("remedies")).getFirst();
    assertThat(remedies.getTextContent())
        .contains("not_notified", "Whoever queues a request must wake the loop");
    assertThat(all(remedies, "code"))
        .extracting(Element::getTextContent)
        .contains("--ablate notify");
  }

  @Test
  void whatWasNotMatchedIsCountedBelowTheStalls() {
    Map<String, Object> json = Pages.json("iotest-deaf");
    assertThat(page(json)).noneMatch(note -> note.contains("unmatched"));
    @SuppressWarnings("unchecked")
    Map<String, Object> stages = (Map<String, Object>) Pages.at(json, "rows[1].stages");
    stages.put("stalls_unmatched", 9000);
    assertThat(page(json)).anyMatch(note -> note.contains(": 9,000 unmatched. Only the first"));
  }

  private static List<String> page(Map<String, Object> json) {
    return all(Pages.page(new Document("run.json", json)), "p", hasClass("note")).stream()
        .map(Element::getTextContent)
        .toList();
  }

  @Test
  void aLabHasItsVerdictsThenEachExperiment() {
    Element page = Pages.page("lab");
    assertThat(all(page, "p", hasClass("lead")).getFirst().getTextContent())
        .isEqualTo(
            "Affected: iowait, io-wq. Not affected: lost-wakeup. Inconclusive: ring-flags. Not"
                + " possible: punting.");
    Element verdicts = all(page, "table").getFirst();
    assertThat(all(verdicts, "tr")).hasSize(6);
    for (Element link : all(verdicts, "a")) {
      String target = link.getAttribute("href").substring(1);
      assertThat(all(page, "section", e -> e.getAttribute("id").equals(target))).hasSize(1);
    }
    List<Element> experiments = all(page, "section", hasClass("experiment"));
    assertThat(experiments).hasSize(5);
    Element iowait = experiments.get(2);
    assertThat(all(iowait, "dt"))
        .extracting(Element::getTextContent)
        .containsExactly("Question", "Published", "Expected", "Seen", "What to do");
    assertThat(all(iowait, "code"))
        .extracting(Element::getTextContent)
        .contains("IORING_ENTER_NO_IOWAIT");
    // Its rows are drawn as those of a run are.
    assertThat(Pages.charts(experiments.getFirst(), "stages")).isNotEmpty();
    assertThat(Pages.charts(experiments.getFirst(), "lanes")).hasSize(2 + 2 + 1);
    // What is not affected and has no remedy needs none; what was not measured does not say so.
    assertThat(experiments.get(1).getTextContent()).doesNotContain("Nothing.");
  }

  @Test
  void severalAreComparedFirst() {
    Element page = Pages.page("iotest", "iotest-deaf", "bench");
    assertThat(headings(page))
        .startsWith("Comparison of 3 results", "Comparison")
        .containsSubsequence(
            "What differs", "Row by row", "iotest.json", "iotest-deaf.json", "bench.json");
    Element comparison = all(page, "section").getFirst();
    assertThat(comparison.getTextContent())
        .contains(
            "iotest-deaf.json and iotest.json differ by no more than noise: raw, ahci, virtio.")
        .contains("not compared: ahci (notify off) (iotest-deaf.json)")
        .contains("These are results of different kinds, which are not compared: ")
        .contains("Whether the rest is the same is not known");
    assertThat(all(comparison, "tr", hasClass("differs")))
        .extracting(row -> all(row, "th").getFirst().getTextContent())
        .containsExactly("frequency governor", "image filesystem");
    assertThat(all(comparison, "tr", hasClass("differs")).get(1).getTextContent())
        .contains("ext4", "xfs");
  }

  @Test
  void experimentsAreComparedByVerdict() {
    Map<String, Object> other = Pages.json("lab");
    ((List<?>) Pages.at(other, "experiments")).removeLast();
    @SuppressWarnings("unchecked")
    Map<String, Object> first = (Map<String, Object>) Pages.at(other, "experiments[0]");
    first.put("verdict", "affected");
    Element comparison =
        all(Pages.page(Pages.document("lab"), new Document("b.json", other)), "section").getFirst();
    List<Element> rows = all(all(comparison, "table").getFirst(), "tr");
    assertThat(rows).hasSize(6);
    assertThat(rows).filteredOn(hasClass("differs")).hasSize(2);
    assertThat(rows.get(1).getTextContent()).contains("not affected", "affected");
  }

  @Test
  void labelsLoseTheDirectoryThatAllAreIn() {
    Element page =
        Pages.page(
            new Document("/a/b/one.json", Pages.json("bench")),
            new Document("/a/bench/two.json", Pages.json("bench")));
    assertThat(headings(page)).contains("b/one.json", "bench/two.json");
  }

  @ParameterizedTest
  @FieldSource("ALL")
  void itNeedsNothingButItself(String name) {
    String text = HtmlReport.render(List.of(Pages.document(name)));
    assertThat(text).startsWith(HtmlReport.SIGNATURE).startsWith("<!DOCTYPE html>");
    assertThat(text).doesNotContain("http://", "https://", "url(", "@import");
    Element page = Pages.parsed(text);
    for (Element element : all(page, "*")) {
      assertThat(element.getNodeName())
          .isNotIn("link", "img", "iframe", "object", "embed", "base", "form", "image", "use");
      for (String attribute : List.of("src", "style", "srcset", "xlink:href", "action")) {
        assertThat(element.hasAttribute(attribute)).isFalse();
      }
      for (int i = 0; i < element.getAttributes().getLength(); i++) {
        assertThat(element.getAttributes().item(i).getNodeName()).doesNotStartWith("on");
      }
      if (element.hasAttribute("href")) {
        assertThat(element.getAttribute("href")).startsWith("#");
      }
    }
    Element policy = all(page, "meta", e -> e.hasAttribute("http-equiv")).getFirst();
    assertThat(policy.getAttribute("content"))
        .startsWith("default-src 'none'; style-src 'sha256-")
        .doesNotContain("unsafe");
  }

  @ParameterizedTest
  @FieldSource("ALL")
  void itCarriesItsData(String name) {
    Element page = Pages.page(name);
    Element data =
        all(page, "script", e -> e.getAttribute("type").equals("application/json")).getFirst();
    assertThat(JSON.std.mapFrom(data.getTextContent())).isEqualTo(Pages.json(name));
    Element button = all(page, "button").getFirst();
    assertThat(button.getAttribute("data-json")).isEqualTo(data.getAttribute("id"));
  }

  @ParameterizedTest
  @FieldSource("ALL")
  void idsAreUniqueAlsoInAPageOfAll(String name) {
    Element page = Pages.page(name, "lab", "bench");
    Set<String> ids = new HashSet<>();
    for (Element element : all(page, "*", e -> e.hasAttribute("id"))) {
      assertThat(ids.add(element.getAttribute("id"))).as(element.getAttribute("id")).isTrue();
    }
  }

  /** A document in which every string, and every free key, is hostile. */
  private static @Nullable Object hostile(@Nullable Object json, String key, String poison) {
    if (json instanceof Map<?, ?> map) {
      Map<String, @Nullable Object> copy = new LinkedHashMap<>();
      map.forEach(
          (name, value) -> copy.put(name.toString(), hostile(value, name.toString(), poison)));
      if (key.equals("mitigations") || key.equals("refused")) {
        copy.put(poison, poison);
      }
      return copy;
    }
    if (json instanceof List<?> list) {
      List<@Nullable Object> copy = new ArrayList<>();
      list.forEach(element -> copy.add(hostile(element, key, poison)));
      return copy;
    }
    boolean structure = Set.of("schema", "kind", "workload", "device", "backend").contains(key);
    return json instanceof String && !structure ? poison : json;
  }

  @ParameterizedTest
  @FieldSource("ALL")
  void noTextBecomesMarkup(String name) {
    for (String poison : HOSTILE) {
      @SuppressWarnings("unchecked")
      Map<String, Object> json =
          (Map<String, Object>) Objects.requireNonNull(hostile(Pages.json(name), "", poison));
      Document document = new Document(poison, json);
      Element page = Pages.page(document, Pages.document("iotest"), document);
      assertThat(all(page, "script")).hasSize(4);
      assertThat(all(page, "img")).isEmpty();
      assertThat(all(page, "*"))
          .allSatisfy(element -> {
            assertThat(element.hasAttribute("onload")).isFalse();
            assertThat(element.hasAttribute("onerror")).isFalse();
          });
      Element data = all(page, "script").getFirst();
      assertThat(JSON.std.mapFrom(data.getTextContent())).isEqualTo(json);
      assertThat(data.getTextContent()).doesNotContain("<", ">", "&");
    }
  }

  @Test
  void aRunThatFailedSaysSo() {
    Map<String, Object> json = Pages.json("bench");
    json.put("failure", "no space left");
    assertThat(all(Pages.page(new Document("x", json)), "p", hasClass("warning")))
        .extracting(Element::getTextContent)
        .contains("The run failed: no space left");
  }

  @Test
  void aRunInterruptedBeforeItsFirstRowIsAPageToo() {
    Map<String, Object> json = Pages.json("bench");
    json.put("rows", List.of());
    assertThat(Pages.page(new Document("x", json)).getTextContent())
        .contains("There are no rows: the run was interrupted before the first one.");
    json.put("environment", Map.of());
    json.remove("parameters");
    assertThat(Pages.page(new Document("x", json)).getTextContent()).contains("How to repeat it");
  }

  @Test
  void whatAServerHasRecordedIsDrawnByExport() {
    Map<String, Object> json = Pages.json("bench");
    json.put("schema", "platter.serve/1");
    json.remove("parameters");
    List<Object> rows = new ArrayList<>();
    for (String path : List.of("rows[1]", "rows[2]")) {
      Map<?, ?> row = (Map<?, ?>) Pages.at(json, path);
      rows.add(
          Map.of(
              "device", Pages.at(row, "device"),
              "label", "export " + rows.size(),
              "runs", 1,
              "latency_us", Pages.at(row, "stages.end_to_end_us"),
              "stages", Pages.at(row, "stages")));
    }
    json.put("rows", rows);
    Element page = Pages.page(new Document("x", json));
    assertThat(all(page, "p", hasClass("reason")).getFirst().getTextContent())
        .startsWith("At p50 a request to 'export 0' takes 55.9");
    assertThat(Pages.charts(page, "lanes")).hasSize(2);
    assertThat(all(Pages.charts(page, "percentiles").getFirst(), "circle")).hasSize(8);
  }

  @Test
  void whatIsOfAnotherTypeIsNamed() {
    Map<String, Object> json = Pages.json("bench");
    @SuppressWarnings("unchecked")
    Map<String, Object> latency = (Map<String, Object>) Pages.at(json, "rows[1].latency_us");
    latency.put("p99", "fast");
    assertThatExceptionOfType(MalformedDocument.class)
        .isThrownBy(() -> Pages.page(new Document("x", json)))
        .withMessage("'rows[1].latency_us.p99' is not a number");
  }

  @Test
  void keysAndStagesThatItDoesNotKnowAreNoTrouble() {
    Map<String, Object> json = Pages.json("bench");
    json.put("new_key", Map.of("a", 1));
    @SuppressWarnings("unchecked")
    Map<String, Object> micros =
        (Map<String, Object>) Pages.at(json, "rows[1].stages.at_p50.stages_us");
    micros.put("tunnel", 5.0);
    @SuppressWarnings("unchecked")
    Map<String, Object> mark =
        (Map<String, Object>) Pages.at(json, "rows[1].stages.timelines[0].marks[0]");
    mark.put("kind", "eclipse");
    Element page = Pages.page(new Document("x", json));
    assertThat(all(page, "rect", e -> e.getAttribute("data-stage").equals("tunnel"))).hasSize(2);
    assertThat(all(page, "text")).extracting(Element::getTextContent).contains("eclipse");
  }

  @Test
  void warningsStandFirst() {
    Map<String, Object> json = Pages.json("iotest");
    json.put("warnings", List.of(Map.of("kind", "busy_host", "text", "Had no `CPU`.")));
    Element page = Pages.page(new Document("a", json));
    List<Element> paragraphs = Pages.all(Pages.all(page, "section").getFirst(), "p");
    assertThat(paragraphs.getFirst().getAttribute("class")).isEqualTo("warning");
    assertThat(paragraphs.getFirst().getTextContent()).isEqualTo("Had no CPU.");
    assertThat(paragraphs.get(1).getAttribute("class")).isEqualTo("lead");
  }

  @Test
  void aGuestsPageSaysWhatTheGuestRanIn() {
    Element page = Pages.page("guest");
    assertThat(all(page, "p", hasClass("origin")).getFirst().getTextContent())
        .endsWith("guest: Linux 6.1.0-38-amd64, 1\u00a0vCPU, QEMU 11.1.3, TCG (an emulated CPU)");
    List<Element> bars =
        all(page, "rect", e -> e.getAttribute("data-stage").equals("guest, VMM and traps"));
    assertThat(bars).isNotEmpty();
    Map<String, Object> json = Pages.json("guest");
    double whole = 0;
    for (Element part : all((Element) bars.getFirst().getParentNode(), "rect")) {
      whole += Pages.number(part, "data-us");
    }
    // The bar is as long as the guest's own latency.
    Map<?, ?> row = (Map<?, ?>) ((List<?>) Pages.at(json, "rows")).get(4);
    double latency = ((Number) Pages.at(row, "latency_us.p50")).doubleValue();
    assertThat(Math.abs(whole - latency)).isLessThan(0.1);
  }

  @Test
  void aTableWithoutRoomForItsColumnsHasABlockForEachRow() {
    Map<String, Object> json = Pages.json("lab");
    List<?> experiments = (List<?>) Pages.at(json, "experiments");
    @SuppressWarnings("unchecked")
    Map<String, Object> experiment = (Map<String, Object>) experiments.getFirst();
    String word = "x".repeat(30);
    experiment.put("tables", List.of(table(word, 2), table(word, 4)));
    Element page = Pages.page(new Document("lab.json", json));
    List<Element> tables =
        all(page, "table", table -> table.getTextContent().contains(word + "1")).reversed();
    assertThat(tables)
        .extracting(table -> table.getAttribute("class"))
        .containsExactly("cards", "");
    // Each cell says what it is, for there are no headings then.
    assertThat(all(tables.getFirst(), "td", cell -> cell.getAttribute("data-label").isEmpty()))
        .isEmpty();
    assertThat(all(tables.getFirst(), "tr").get(1).getTextContent()).startsWith(word + "0");
    assertThat(all(tables.getFirst(), "th", th -> th.getAttribute("scope").equals("row")))
        .hasSize(1);
  }

  private static Map<String, Object> table(String word, int columns) {
    List<Map<String, Object>> heads = new ArrayList<>();
    List<Object> cells = new ArrayList<>();
    for (int i = 0; i < columns; i++) {
      heads.add(Map.of("name", "column " + i));
      cells.add(word + i);
    }
    return Map.of("title", "wide", "columns", heads, "rows", List.of(cells));
  }
}
