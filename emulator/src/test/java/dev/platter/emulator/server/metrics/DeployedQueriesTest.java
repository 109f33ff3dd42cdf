package dev.platter.emulator.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.raw.RawImage;
import dev.platter.emulator.server.ExportView;
import dev.platter.emulator.server.config.VirtioBlkExport;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import tools.jackson.jr.ob.JSON;

/** Dashboard, alerts and documentation name what a scrape has, all of it and nothing else. */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class DeployedQueriesTest {
  private static final Path DASHBOARD = Path.of("deploy/grafana/platter-dashboard.json");
  private static final Path ALERTS = Path.of("deploy/prometheus/platter-alerts.yml");
  private static final Path SCRAPES = Path.of("deploy/prometheus/prometheus.yml");
  private static final Path DOCUMENTATION = Path.of("../docs/metrics.md");
  private static final Pattern SERIES =
      Pattern.compile("^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)\\})? ");
  private static final Pattern LABEL = Pattern.compile("(\\w+)=\"(?:[^\"\\\\]|\\\\.)*\"");

  /** Made by Prometheus itself. */
  private static final Set<String> OF_PROMETHEUS = Set.of("up");

  /** Added by Prometheus to each series. */
  private static final Set<String> OF_SCRAPES = Set.of("job", "instance");

  @TempDir private Path directory;
  private final Map<String, Set<String>> exported = new HashMap<>();
  private long seriesOfExport;
  private List<String> notNumbers = List.of();

  /** With every series on: an image, latencies, stages, a collection. */
  @BeforeEach
  void scrape() throws IOException {
    Path file = directory.resolve("disk.img");
    try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
      made.setLength(1 << 20);
    }
    FakeSource source = new FakeSource();
    try (RawImage image = RawImage.open(file.toString(), ImageOptions.WRITABLE);
        MetricsServer server =
            MetricsServer.start(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                source,
                (level, export, event, fields) -> {})) {
      image.meter().measureLatencies();
      source.exports =
          List.of(
              new ExportView(
                  "vda",
                  VirtioBlkExport.KIND,
                  "/run/x",
                  List.of(image),
                  true,
                  1,
                  false,
                  1,
                  0,
                  List.of("vda")));
      String text;
      do {
        System.gc(); // its series appear with the first one, whose news takes a moment
        text = Http.get(server.address(), "/metrics").body();
      } while (!text.contains("jvm_gc_pause_seconds_sum"));
      text.lines().forEach(this::add);
      notNumbers = text.lines().filter(line -> line.endsWith(" NaN")).toList();
      seriesOfExport = text.lines().filter(line -> line.contains("export=\"vda\"")).count();
    }
  }

  private void add(String line) {
    Matcher series = SERIES.matcher(line);
    if (!line.startsWith("#") && series.find()) {
      Set<String> labels = exported.computeIfAbsent(series.group(1), _ -> new HashSet<>());
      Matcher label = LABEL.matcher(series.group(2) == null ? "" : series.group(2));
      while (label.find()) {
        labels.add(label.group(1));
      }
    }
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(@Nullable Object value) {
    return (Map<String, Object>) Objects.requireNonNull(value);
  }

  @SuppressWarnings("unchecked")
  private static List<Object> list(@Nullable Object value) {
    return (List<Object>) Objects.requireNonNull(value);
  }

  private static int number(Map<String, Object> place, String key) {
    return (int) Objects.requireNonNull(place.get(key));
  }

  private static String read(Path file) throws IOException {
    return Files.readString(file, StandardCharsets.UTF_8);
  }

  private static Map<String, Object> dashboard() throws IOException {
    return JSON.std.mapFrom(read(DASHBOARD));
  }

  private static Object yaml(Path file) throws IOException {
    return new Load(LoadSettings.builder().build()).loadFromString(read(file));
  }

  private static Map<String, String> dashboardQueries() throws IOException {
    Map<String, String> queries = new LinkedHashMap<>();
    for (Object panel : list(dashboard().get("panels"))) {
      Object targets = map(panel).get("targets");
      for (Object target : targets == null ? List.of() : list(targets)) {
        queries.put(
            map(panel).get("id") + " " + map(panel).get("title") + " " + map(target).get("refId"),
            String.valueOf(map(target).get("expr")));
      }
    }
    return queries;
  }

  private static List<Map<String, Object>> alerts() throws IOException {
    List<Map<String, Object>> rules = new ArrayList<>();
    for (Object group : list(map(yaml(ALERTS)).get("groups"))) {
      list(map(group).get("rules")).forEach(rule -> rules.add(map(rule)));
    }
    return rules;
  }

  private void assertKnown(String where, String expression) {
    PromQl query = PromQl.parse(expression);
    assertThat(query.selectors()).as(where).isNotEmpty();
    Set<String> all = new HashSet<>(OF_SCRAPES);
    for (PromQl.Selector selector : query.selectors()) {
      if (OF_PROMETHEUS.contains(selector.metric())) {
        continue;
      }
      assertThat(exported).as("%s: %s", where, expression).containsKey(selector.metric());
      Set<String> its = new HashSet<>(exported.getOrDefault(selector.metric(), Set.of()));
      its.addAll(OF_SCRAPES);
      assertThat(its).as("%s: %s", where, selector).containsAll(selector.labels());
      all.addAll(its);
    }
    assertThat(all).as("%s: %s", where, expression).containsAll(query.groupingLabels());
  }

  @Test
  void theDashboardAsksForWhatThereIs() throws Exception {
    Map<String, String> queries = dashboardQueries();
    assertThat(queries).hasSizeGreaterThan(40);
    queries.forEach(this::assertKnown);
  }

  @Test
  void theDashboardHasItsVariablesUnitsAndNoTwoPanelsInOnePlace() throws Exception {
    Map<String, Object> dashboard = dashboard();
    Object variables = map(dashboard.get("templating")).get("list");
    assertThat(list(variables).stream().map(variable -> map(variable).get("name")))
        .containsExactly("datasource", "instance", "export");
    Set<Object> ids = new HashSet<>();
    Set<String> places = new HashSet<>();
    for (Object panel : list(dashboard.get("panels"))) {
      Map<String, Object> its = map(panel);
      assertThat(ids.add(its.get("id"))).isTrue();
      Map<String, Object> place = map(its.get("gridPos"));
      int x = number(place, "x");
      int y = number(place, "y");
      for (int dx = 0; dx < number(place, "w"); dx++) {
        for (int dy = 0; dy < number(place, "h"); dy++) {
          assertThat(places.add((x + dx) + "," + (y + dy))).as("%s", its.get("title")).isTrue();
        }
      }
      if (!"row".equals(its.get("type"))) {
        assertThat(its.get("description")).as("%s", its.get("title")).isNotNull();
        assertThat(read(DASHBOARD)).contains("\"uid\": \"${datasource}\"");
      }
      if ("timeseries".equals(its.get("type")) || "stat".equals(its.get("type"))) {
        assertThat(map(map(its.get("fieldConfig")).get("defaults"))).containsKey("unit");
      }
    }
  }

  @Test
  void alertsAskForWhatThereIsAndSayWhatToDo() throws Exception {
    List<Map<String, Object>> rules = alerts();
    assertThat(rules).hasSizeGreaterThan(8);
    Set<Object> names = new HashSet<>();
    for (Map<String, Object> rule : rules) {
      String name = String.valueOf(rule.get("alert"));
      assertThat(names.add(name)).as(name).isTrue();
      assertKnown(name, String.valueOf(rule.get("expr")));
      assertThat(map(rule.get("labels")).get("severity")).isIn("info", "warning", "critical");
      assertThat(map(rule.get("annotations")).get("summary")).isNotNull();
      assertThat(String.valueOf(map(rule.get("annotations")).get("description")).length())
          .as(name)
          .isGreaterThan(40);
    }
  }

  @Test
  void theScrapeConfigurationIsThatOfTheJobThatAlertsAreFor() throws Exception {
    Map<String, Object> config = map(yaml(SCRAPES));
    assertThat(list(config.get("rule_files")))
        .containsExactly(String.valueOf(ALERTS.getFileName()));
    assertThat(map(list(config.get("scrape_configs")).getFirst()))
        .containsEntry("job_name", "platter");
    assertThat(read(ALERTS)).contains("up{job=\"platter\"}");
  }

  private static String family(String series) {
    return series.replaceFirst("_(bucket|sum|count)$", "");
  }

  private Set<String> families() {
    return exported.keySet().stream()
        .filter(name -> name.startsWith("platter_"))
        .map(name -> isHistogram(name) ? family(name) : name)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private boolean isHistogram(String name) {
    return exported.containsKey(family(name) + "_bucket");
  }

  @Test
  void whatIsExportedIsDocumentedAndTheOtherWayRound() throws Exception {
    Set<String> documented = new TreeSet<>();
    Matcher rows = Pattern.compile("(?m)^\\| `(platter_\\w+)` \\|").matcher(read(DOCUMENTATION));
    while (rows.find()) {
      documented.add(rows.group(1));
    }
    assertThat(documented).isEqualTo(families());
  }

  @Test
  void theDocumentationsQueriesAskForWhatThereIs() throws Exception {
    Matcher rows =
        Pattern.compile("(?m)^\\| [^|`]+ \\| `([^`]*platter_[^`]*)` \\|$")
            .matcher(read(DOCUMENTATION));
    int count = 0;
    while (rows.find()) {
      assertKnown("docs/metrics.md", rows.group(1));
      count++;
    }
    assertThat(count).isGreaterThan(8);
  }

  @Test
  void whatIsExportedIsShown() throws Exception {
    Set<String> shown = new TreeSet<>();
    for (String query : dashboardQueries().values()) {
      PromQl.parse(query).selectors().forEach(its -> shown.add(its.metric()));
    }
    Set<String> shownFamilies =
        shown.stream()
            .map(name -> isHistogram(name) ? family(name) : name)
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(shownFamilies).containsAll(families());
  }

  @Test
  void seriesAreAsManyAsDocumented() throws Exception {
    // 8 causes of stalls instead of the one that the source of this test has.
    assertThat(read(DOCUMENTATION)).contains("182 with one disk");
    assertThat(seriesOfExport - 1 + 8).isEqualTo(182);
  }

  @Test
  void everySeriesIsANumberAlsoAfterACollection() {
    assertThat(notNumbers).isEmpty();
  }

  @Test
  void theParserFindsNamesAndLabels() {
    PromQl query =
        PromQl.parse(
            "sum by (a, b) (rate(m_total{x=~\"y{}\",z!=\"q\"}[5m])) / on(c) (n > 1e9) unless p{} =="
                + " 2");
    assertThat(query.groupingLabels()).containsExactly("a", "b", "c");
    assertThat(query.selectors().stream().map(PromQl.Selector::metric))
        .containsExactly("m_total", "n", "p");
    assertThat(query.selectors().getFirst().labels()).containsExactly("x", "z");
  }
}
