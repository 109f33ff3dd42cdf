package dev.platter.emulator.result.page;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Results of one kind side by side: what differs first, then rows of the same name. */
final class Comparison {
  /** As wide as most of the cells. */
  private static final String WIDE_CELL = "unknown";

  private Comparison() {}

  /** Draws a comparison. */
  static void draw(Markup out, ComparisonGroup compared) {
    out.open("ol", "class", "sides");
    compared
        .sides()
        .forEach(side -> {
          out.open("li").element("b", side.label());
          String created = side.fields().text("created");
          out.text(created == null ? "" : ", " + created).close();
        });
    out.close();
    differences(out, compared);
    if (compared.schema().equals(Schemas.LAB)) {
      out.element("h3", "Verdicts");
      verdicts(out, compared.sides());
    } else {
      out.element("h3", "Row by row");
      rows(out, compared);
    }
  }

  // ---- rows ------------------------------------------------------------------------------------

  private static void rows(Markup out, ComparisonGroup compared) {
    List<ComparisonGroup.Side> sides = compared.sides();
    if (!compared.alone().isEmpty()) {
      out.element(
          "p",
          "Only one result has these rows, so they are not compared: "
              + String.join(", ", compared.alone())
              + ".",
          "class",
          "note");
    }
    if (compared.rows().isEmpty()) {
      out.element("p", "No row of one result has the name of a row of another result.");
      return;
    }
    List<String> heads = new ArrayList<>(List.of("device", "figure"));
    List<Boolean> numeric = new ArrayList<>(List.of(false, false));
    for (int i = 0; i < sides.size(); i++) {
      heads.add(sides.get(i).label().replace('|', '/'));
      numeric.add(true);
      if (i > 0) {
        heads.add("to the first|ratio");
        numeric.add(true);
        heads.add("which is");
        numeric.add(false);
      }
    }
    List<List<String>> columns = new ArrayList<>();
    heads.forEach(head -> columns.add(List.of(head, WIDE_CELL)));
    Tables.begin(out, "comparison", Tables.isTooWide(columns));
    Tables.head(out, heads, numeric);
    out.open("tbody");
    compared.rows().forEach(row -> row(out, row));
    out.close();
    Tables.end(out);
    Tables.paragraph(
        out,
        "note",
        "A figure is faster or slower where the runs of the two lie apart, and noise where they"
            + " overlap. It is unknown where there are too few runs to tell.");
    for (ComparisonGroup.RowSet row : compared.rows()) {
      percentiles(out, row, sides);
    }
  }

  private static void row(Markup out, ComparisonGroup.RowSet row) {
    boolean first = true;
    for (ComparisonGroup.Figure figure : row.shown()) {
      out.open("tr", "class", first ? "first" : null);
      if (first) {
        out.element(
            "th", row.name(), "scope", "rowgroup", "rowspan", row.shown().size(), "class", "name");
      }
      first = false;
      Measure measure = figure.measure();
      out.element("td", measure.title(), "class", "name");
      for (int i = 0; i < row.rows().size(); i++) {
        Row side = row.rows().get(i);
        Spread spread = figure.spreads().get(i);
        if (side == null || spread == null) {
          out.element("td", Tables.NONE, "class", "n");
        } else {
          String exact = Markup.exact(spread.value());
          out.open("td", "class", "n")
              .element(
                  "data",
                  measure.quantity().cell(spread.value()),
                  "value",
                  exact,
                  "data-key",
                  path(side, measure, spread),
                  "title",
                  exact)
              .close();
        }
        if (i > 0) {
          ratio(out, measure, figure.judgements().get(i), row.rows().getFirst(), side);
        }
      }
      out.close();
    }
  }

  /**
   * Where a document has a figure; or where it has those of the runs, of which it is the median.
   */
  private static String path(Row row, Measure measure, Spread spread) {
    Double own = row.fields().number(measure.key());
    boolean isOwn = own != null && own == spread.value();
    return row.fields().pathTo(isOwn ? measure.key() : "samples[]." + measure.sampleKey());
  }

  private static void ratio(
      Markup out,
      Measure measure,
      @Nullable Judgement judgement,
      @Nullable Row base,
      @Nullable Row row) {
    if (judgement == null || base == null || row == null || Double.isNaN(judgement.ratio())) {
      out.element("td", Tables.NONE, "class", "n").element("td", "");
      return;
    }
    boolean differs =
        switch (judgement.answer()) {
          case BETTER, WORSE -> true;
          case NOISE, UNKNOWN -> false;
        };
    out.element(
        "td",
        Quantity.digits(judgement.ratio()),
        "class",
        differs ? "n ratio notable" : "n ratio",
        "data-of",
        path(row, measure, judgement.other()),
        "data-to",
        path(base, measure, judgement.base()));
    out.element("td", judgement.word(), "title", judgement.figures());
  }

  private static void percentiles(
      Markup out, ComparisonGroup.RowSet set, List<ComparisonGroup.Side> sides) {
    List<PercentileChart.Line> lines = new ArrayList<>();
    for (int i = 0; i < sides.size(); i++) {
      Row row = set.rows().get(i);
      if (row != null) {
        boolean curve = row.hasCurve() && !row.seenByGuest();
        lines.add(
            new PercentileChart.Line(
                row.as(sides.get(i).label(), "s" + (i % 6 + 1)),
                curve ? row.curve() : row.summary()));
      }
    }
    if (lines.size() > 1) {
      PercentileChart.draw(out, set.name() + ": latency by percentile", lines);
    }
  }

  // ---- experiments -----------------------------------------------------------------------------

  private static void verdicts(Markup out, List<ComparisonGroup.Side> sides) {
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

  private static void differences(Markup out, ComparisonGroup compared) {
    out.element("h3", "What differs");
    List<Difference> differences = compared.differences();
    if (!differences.isEmpty()) {
      List<String> heads = new ArrayList<>(List.of(""));
      compared.sides().forEach(side -> heads.add(side.label().replace('|', '/')));
      Tables.begin(out, "what differs");
      Tables.head(out, heads, heads.stream().map(_ -> false).toList());
      out.open("tbody");
      for (Difference difference : differences) {
        out.open("tr", "class", "differs").element("th", difference.name(), "scope", "row");
        for (String value : difference.values()) {
          out.element("td", value == null ? Tables.NONE : value, "class", "words");
        }
        out.close();
      }
      out.close();
      Tables.end(out);
    }
    out.element("p", compared.otherwise(), "class", "note");
  }
}
