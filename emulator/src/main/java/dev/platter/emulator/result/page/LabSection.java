package dev.platter.emulator.result.page;

import dev.platter.emulator.result.Figures;
import dev.platter.emulator.result.document.MalformedDocument;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A document of experiments: the verdicts, then each experiment. */
final class LabSection {
  private static final int MANY_ROWS = 6;

  private LabSection() {}

  /** The experiments of a document. */
  static List<Fields> experiments(Fields document) {
    return document.requiredObjects("experiments");
  }

  /** How many have which verdict, in a sentence. */
  static String headline(List<Fields> experiments) {
    Map<String, List<String>> byVerdict = new LinkedHashMap<>();
    for (String verdict : List.of("affected", "not_affected", "inconclusive", "not_possible")) {
      byVerdict.put(verdict, new ArrayList<>());
    }
    for (Fields experiment : experiments) {
      byVerdict
          .computeIfAbsent(experiment.textOrEmpty("verdict"), _ -> new ArrayList<>())
          .add(experiment.textOrEmpty("name"));
    }
    List<String> parts = new ArrayList<>();
    byVerdict.forEach((verdict, names) -> {
      if (!names.isEmpty()) {
        String words = verdict(verdict);
        parts.add(
            Character.toUpperCase(words.charAt(0))
                + words.substring(1)
                + ": "
                + String.join(", ", names)
                + ".");
      }
    });
    return experiments.isEmpty() ? "No experiment was completed." : String.join(" ", parts);
  }

  /** A verdict in words. */
  static String verdict(String verdict) {
    return verdict.isEmpty() ? "no verdict" : verdict.replace('_', ' ');
  }

  /** The class that gives it its colour. */
  static String style(String verdict) {
    return switch (verdict) {
      case "affected", "not_affected", "inconclusive", "not_possible" -> "verdict v-" + verdict;
      default -> "verdict";
    };
  }

  /** Draws the document's own part. */
  static void draw(Markup out, Fields document, String anchor) {
    List<Fields> experiments = experiments(document);
    out.element("p", headline(experiments), "class", "lead");
    if (!experiments.isEmpty()) {
      summary(out, experiments, anchor);
    }
    if (document.isTrue("partial")) {
      out.element("p", "It was interrupted before all of them had begun.");
    }
    for (Fields experiment : experiments) {
      experiment(out, experiment, anchor);
    }
  }

  private static void summary(Markup out, List<Fields> experiments, String anchor) {
    Tables.begin(out, "verdicts");
    Tables.head(
        out, List.of("experiment", "verdict", "why", "took|s"), List.of(false, false, false, true));
    out.open("tbody");
    for (Fields experiment : experiments) {
      String verdict = experiment.textOrEmpty("verdict");
      out.open("tr").open("th", "scope", "row");
      out.element("a", experiment.required("name"), "href", "#" + anchor + slug(experiment));
      out.close().open("td").element("span", verdict(verdict), "class", style(verdict)).close();
      out.open("td", "class", "words");
      Tables.prose(out, experiment.textOrEmpty("reason"));
      out.close();
      Tables.cell(out, experiment, "seconds", Quantity.DIGITS);
      out.close();
    }
    out.close();
    Tables.end(out);
  }

  private static String slug(Fields experiment) {
    return Row.slug(experiment.required("name"));
  }

  private static void experiment(Markup out, Fields experiment, String anchor) {
    String verdict = experiment.textOrEmpty("verdict");
    out.open("section", "class", "experiment", "id", anchor + slug(experiment));
    String title = experiment.textOrEmpty("title");
    out.open("h3").text(title.isEmpty() ? experiment.required("name") : title);
    out.element("code", experiment.required("name"), "class", "tag").close();
    out.open("p", "class", "answer").element("span", verdict(verdict), "class", style(verdict));
    out.text(" ");
    Tables.prose(out, experiment.textOrEmpty("reason"));
    out.text(experiment.isTrue("partial") ? " It was interrupted before its end." : "").close();
    out.open("dl");
    term(out, "Question", experiment.textOrEmpty("question"));
    term(out, "Published", experiment.textOrEmpty("source"));
    term(out, "Expected", experiment.textOrEmpty("expected"));
    term(out, "Seen", experiment.textOrEmpty("seen"));
    term(out, "Failed", experiment.textOrEmpty("failure"));
    String remedy = experiment.textOrEmpty("remedy");
    boolean fine = remedy.isEmpty() && verdict.equals("not_affected");
    term(out, "What to do", fine ? "Nothing." : remedy);
    out.close();
    experiment.objects("tables").forEach(table -> table(out, table));
    experiment.objects("charts").forEach(chart -> FindingCharts.draw(out, chart));
    List<Row> rows = Row.of(experiment.objects("rows"));
    boolean folded = rows.size() > MANY_ROWS;
    if (folded) {
      out.open("details").element("summary", "The " + rows.size() + " rows behind it");
    }
    if (!rows.isEmpty()) {
      new RowCharts(out, rows, "h4").draw();
    }
    if (folded) {
      out.close();
    }
    out.close();
  }

  private static void term(Markup out, String name, String text) {
    if (!text.isEmpty()) {
      out.element("dt", name).open("dd");
      Tables.prose(out, text);
      out.close();
    }
  }

  private static void table(Markup out, Fields table) {
    String title = table.textOrEmpty("title");
    out.element("p", title, "class", "table-title");
    List<Fields> columns = table.objects("columns");
    Tables.begin(out, title, Tables.isTooWide(texts(table, columns)));
    Tables.head(
        out,
        columns.stream()
            .map(column -> column.textOrEmpty("name").replace('|', '/') + "|" + unit(column))
            .toList(),
        columns.stream().map(column -> column.has("unit")).toList());
    out.open("tbody");
    int number = 0;
    List<Figures> figures = figures(table, columns);
    for (Object element : table.list("rows")) {
      String path = "rows[" + number++ + "]";
      if (!(element instanceof List<?> cells)) {
        throw new MalformedDocument("a row of the table '" + title + "' is not a list");
      }
      out.open("tr");
      for (int i = 0; i < cells.size(); i++) {
        if (i == 0 && cells.get(i) instanceof String name) {
          out.open("th", "scope", "row", "class", "row");
          Tables.prose(out, name);
          out.close();
          continue;
        }
        boolean numeric = i < columns.size() && columns.get(i).has("unit");
        Figures shown = i < figures.size() ? figures.get(i) : new Figures(0);
        cell(out, table.pathTo(path + "[" + i + "]"), cells.get(i), numeric, shown);
      }
      out.close();
    }
    out.close();
    Tables.end(out);
    Tables.paragraph(out, "note", table.textOrEmpty("note"));
  }

  /** What stands in each column. */
  private static List<List<String>> texts(Fields table, List<Fields> columns) {
    List<List<String>> texts = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      List<String> column = new ArrayList<>(List.of(columns.get(i).textOrEmpty("name")));
      for (Object element : table.list("rows")) {
        if (element instanceof List<?> cells && i < cells.size() && cells.get(i) != null) {
          column.add(cells.get(i).toString());
        }
      }
      texts.add(column);
    }
    return texts;
  }

  private static String unit(Fields column) {
    String unit = column.textOrEmpty("unit");
    return unit.equals("us") ? "µs" : unit;
  }

  private static List<Figures> figures(Fields table, List<Fields> columns) {
    List<Figures> figures = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      List<Double> values = new ArrayList<>();
      for (Object element : table.list("rows")) {
        if (element instanceof List<?> cells
            && i < cells.size()
            && cells.get(i) instanceof Number figure
            && Double.isFinite(figure.doubleValue())) {
          values.add(figure.doubleValue());
        }
      }
      figures.add(Figures.of(columns.get(i).text("unit"), values));
    }
    return figures;
  }

  private static void cell(
      Markup out, String path, @Nullable Object value, boolean numeric, Figures figures) {
    boolean sentence = value instanceof String text && text.length() > 24;
    out.open("td", "class", numeric ? "n" : sentence ? "words" : null);
    switch (value) {
      case null -> out.text(Tables.NONE);
      case Boolean yes -> out.text(yes ? "yes" : "no");
      case Number figure when Double.isFinite(figure.doubleValue()) -> {
        double number = figure.doubleValue();
        out.element("data", figures.text(number), "value", Markup.exact(number), "data-key", path);
      }
      default -> Tables.prose(out, value.toString());
    }
    out.close();
  }
}
