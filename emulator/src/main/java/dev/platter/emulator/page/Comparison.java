package dev.platter.emulator.page;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Several documents of one kind side by side: rows of the same name, and what else differs. */
final class Comparison {
  private static final int ENOUGH_RUNS = 3;
  private static final double NOTABLE = 0.1;

  private static final List<RowTables.Column> FIGURES =
      List.of(
          new RowTables.Column("total, s", "total_seconds.median", Quantity.SECONDS),
          new RowTables.Column("IOPS", "iops.median", Quantity.COUNT),
          new RowTables.Column("p50, µs", "latency_us.p50", Quantity.DIGITS),
          new RowTables.Column("p99, µs", "latency_us.p99", Quantity.DIGITS),
          new RowTables.Column("p99.9, µs", "latency_us.p99_9", Quantity.DIGITS),
          new RowTables.Column("max, µs", "latency_us.max", Quantity.DIGITS),
          new RowTables.Column("CPU user, s", "cpu_seconds.user", Quantity.SECONDS),
          new RowTables.Column("CPU system, s", "cpu_seconds.sys", Quantity.SECONDS));

  /** A document to compare. */
  record Side(String label, Fields fields) {}

  private Comparison() {}

  /** Draws the comparison of documents of one schema. */
  static void draw(Markup out, String schema, List<Side> sides) {
    out.open("ol", "class", "sides");
    sides.forEach(side -> {
      out.open("li").element("b", side.label());
      String created = side.fields().text("created");
      out.text(created == null ? "" : ", " + created).close();
    });
    out.close();
    if (schema.equals(Schemas.LAB)) {
      verdicts(out, sides);
    } else {
      rows(out, sides);
    }
    differences(out, sides);
  }

  // ---- rows ------------------------------------------------------------------------------------

  private static void rows(Markup out, List<Side> sides) {
    List<List<Row>> all =
        sides.stream().map(side -> Row.of(side.fields().requiredObjects("rows"))).toList();
    Set<String> names = new LinkedHashSet<>();
    List<String> alone = new ArrayList<>();
    all.forEach(rows -> rows.forEach(row -> names.add(row.name())));
    for (String name : List.copyOf(names)) {
      List<Side> having =
          IntStream.range(0, sides.size())
              .filter(i -> named(all.get(i), name) != null)
              .mapToObj(sides::get)
              .toList();
      if (having.size() == 1) {
        names.remove(name);
        alone.add(name + " (" + having.getFirst().label() + ")");
      }
    }
    List<String> heads = new ArrayList<>(List.of("device", "figure"));
    List<Boolean> numeric = new ArrayList<>(List.of(false, false));
    for (int i = 0; i < sides.size(); i++) {
      heads.add(sides.get(i).label().replace('|', '/'));
      numeric.add(true);
      if (i > 0) {
        heads.add("to the first|ratio");
        numeric.add(true);
      }
    }
    if (!alone.isEmpty()) {
      out.element(
          "p",
          "In one of them only, and not compared: " + String.join(", ", alone) + ".",
          "class",
          "note");
    }
    if (names.isEmpty()) {
      out.element("p", "No row of one has the name of a row of another.");
      return;
    }
    Tables.begin(out, "comparison");
    Tables.head(out, heads, numeric);
    out.open("tbody");
    for (String name : names) {
      rows(out, name, all);
    }
    out.close();
    Tables.end(out);
    for (String name : names) {
      percentiles(out, name, sides, all);
    }
  }

  private static @Nullable Row named(List<Row> rows, String name) {
    return rows.stream().filter(row -> row.name().equals(name)).findFirst().orElse(null);
  }

  private static void rows(Markup out, String name, List<List<Row>> all) {
    List<RowTables.Column> figures =
        FIGURES.stream()
            .filter(figure ->
                all.stream()
                    .anyMatch(rows -> {
                      Row row = named(rows, name);
                      return row != null && row.fields().has(figure.key());
                    }))
            .toList();
    boolean first = true;
    for (RowTables.Column figure : figures) {
      out.open("tr", "class", first ? "first" : null);
      if (first) {
        out.element("th", name, "scope", "rowgroup", "rowspan", figures.size(), "class", "name");
      }
      first = false;
      out.element("td", figure.name(), "class", "name");
      Row base = named(all.getFirst(), name);
      for (int i = 0; i < all.size(); i++) {
        Row row = named(all.get(i), name);
        if (row == null) {
          out.element("td", Tables.NONE, "class", "n");
        } else {
          Tables.cell(out, row.fields(), figure.key(), figure.quantity());
        }
        if (i > 0) {
          ratio(out, row, base, figure.key());
        }
      }
      out.close();
    }
  }

  private static void ratio(Markup out, @Nullable Row row, @Nullable Row base, String key) {
    Double mine = row == null ? null : row.fields().number(key);
    Double theirs = base == null ? null : base.fields().number(key);
    if (row == null || base == null || mine == null || theirs == null || theirs == 0) {
      out.element("td", Tables.NONE, "class", "n");
    } else {
      out.element(
          "td",
          Quantity.digits(mine / theirs),
          "class",
          isNotable(row, base, key, mine / theirs) ? "n ratio notable" : "n ratio",
          "data-of",
          row.fields().pathTo(key),
          "data-to",
          base.fields().pathTo(key));
    }
  }

  /** One run, or the slowest of its requests, says nothing about the next. */
  private static boolean isNotable(Row row, Row base, String key, double ratio) {
    return Math.abs(ratio - 1) > NOTABLE
        && Math.min(row.fields().numberOr0("runs"), base.fields().numberOr0("runs")) >= ENOUGH_RUNS
        && !key.equals("latency_us.p99_9")
        && !key.equals("latency_us.max");
  }

  private static void percentiles(Markup out, String name, List<Side> sides, List<List<Row>> all) {
    List<PercentileChart.Line> lines = new ArrayList<>();
    for (int i = 0; i < sides.size(); i++) {
      Row row = named(all.get(i), name);
      if (row != null) {
        boolean curve = row.hasCurve() && !row.seenByGuest();
        lines.add(
            new PercentileChart.Line(
                new Row(row.fields(), sides.get(i).label(), "s" + (i % 6 + 1)),
                curve ? row.curve() : row.summary()));
      }
    }
    if (lines.size() > 1) {
      PercentileChart.draw(out, name + ": latency by percentile", lines);
    }
  }

  // ---- experiments -----------------------------------------------------------------------------

  private static void verdicts(Markup out, List<Side> sides) {
    Map<String, List<@Nullable Fields>> byName = new LinkedHashMap<>();
    for (int i = 0; i < sides.size(); i++) {
      for (Fields experiment : LabSection.experiments(sides.get(i).fields())) {
        List<@Nullable Fields> list =
            byName.computeIfAbsent(experiment.required("name"), _ -> new ArrayList<>());
        while (list.size() < i) {
          list.add(null);
        }
        list.add(experiment);
      }
    }
    for (List<@Nullable Fields> list : byName.values()) {
      while (list.size() < sides.size()) {
        list.add(null);
      }
    }
    List<String> heads = new ArrayList<>(List.of("experiment"));
    sides.forEach(side -> heads.add(side.label().replace('|', '/')));
    Tables.begin(out, "verdicts side by side");
    Tables.head(out, heads, heads.stream().map(_ -> false).toList());
    out.open("tbody");
    byName.forEach((name, experiments) -> {
      long verdicts =
          experiments.stream()
              .map(e -> e == null ? "" : e.textOrEmpty("verdict"))
              .distinct()
              .count();
      out.open("tr", "class", verdicts > 1 ? "differs" : null).element("th", name, "scope", "row");
      for (Fields experiment : experiments) {
        out.open("td", "class", "words");
        if (experiment == null) {
          out.text(Tables.NONE);
        } else {
          String verdict = experiment.textOrEmpty("verdict");
          out.element("span", LabSection.verdict(verdict), "class", LabSection.style(verdict));
          out.text(" ");
          Tables.prose(out, experiment.textOrEmpty("seen"));
        }
        out.close();
      }
      out.close();
    });
    out.close();
    Tables.end(out);
  }

  // ---- conditions ------------------------------------------------------------------------------

  private static void differences(Markup out, List<Side> sides) {
    out.element("h3", "What else differs");
    List<Map<String, String>> facts = new ArrayList<>();
    for (Side side : sides) {
      Map<String, String> flat = new LinkedHashMap<>();
      Facts.flat(side.fields().object("parameters"))
          .forEach((name, value) -> flat.put("parameter: " + name, value));
      Facts.flat(side.fields().object("guest"))
          .forEach((name, value) -> flat.put("guest: " + name, value));
      flat.putAll(Facts.flat(side.fields().object("environment")));
      facts.add(flat);
    }
    List<String> differing = Facts.differing(facts);
    if (differing.isEmpty()) {
      out.element("p", "Nothing: parameters and environment are the same.");
      return;
    }
    List<String> heads = new ArrayList<>(List.of(""));
    sides.forEach(side -> heads.add(side.label().replace('|', '/')));
    Tables.begin(out, "what differs");
    Tables.head(out, heads, heads.stream().map(_ -> false).toList());
    out.open("tbody");
    for (String name : differing) {
      out.open("tr", "class", "differs").element("th", name, "scope", "row");
      facts.forEach(
          fact -> out.element("td", fact.getOrDefault(name, Tables.NONE), "class", "words"));
      out.close();
    }
    out.close();
    Tables.end(out);
    out.element("p", "Parameters and environment are the same otherwise.", "class", "note");
  }
}
