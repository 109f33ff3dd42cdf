package dev.platter.emulator.result;

import dev.platter.emulator.host.Scheduling;
import dev.platter.emulator.text.TextParagraph;
import dev.platter.emulator.text.TextTable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The result of {@code platter lab}: {@code platter.lab/1} for machines, and the same as text for
 * people, drawn from the same maps.
 */
public final class LabReport {
  /** The JSON's schema. */
  public static final String SCHEMA = "platter.lab/1";

  private static final int LABEL_WIDTH = 10;

  private LabReport() {}

  /**
   * The JSON document.
   *
   * @param environment the host, as {@link Environment#toMap} gives it
   * @param parameters the options
   * @param partial whether it was interrupted before all experiments had begun
   * @param experiments as findings give themselves
   */
  public static Map<String, @Nullable Object> json(
      Map<String, @Nullable Object> environment,
      Map<String, @Nullable Object> parameters,
      boolean partial,
      List<Map<String, @Nullable Object>> experiments) {
    Map<String, @Nullable Object> document = new LinkedHashMap<>();
    document.put("schema", SCHEMA);
    document.put("environment", environment);
    document.put("parameters", parameters);
    document.put("warnings", Warnings.toList(warnings(environment, experiments)));
    document.put("partial", partial);
    document.put("experiments", experiments);
    return document;
  }

  /**
   * Why the figures may not be what they seem.
   *
   * @param experiments whose rows tell how the host treated their runs
   */
  public static List<Warnings.Warning> warnings(
      Map<String, @Nullable Object> environment, List<Map<String, @Nullable Object>> experiments) {
    List<SchedulingReport.OfRow> busy = new ArrayList<>();
    for (Map<String, @Nullable Object> experiment : experiments) {
      List<Scheduling> runs = new ArrayList<>();
      for (Map<String, @Nullable Object> row : maps(experiment.get("rows"))) {
        if (row.get("scheduling") instanceof Map<?, ?> map) {
          Scheduling scheduling = SchedulingReport.of(map);
          if (scheduling.busy()) {
            runs.add(scheduling);
          }
        }
      }
      if (!runs.isEmpty()) {
        busy.add(new SchedulingReport.OfRow(word(experiment, "name"), Scheduling.sum(runs)));
      }
    }
    // What experiments do with an image is to write to copies of it.
    return Warnings.of(environment, false, false, null, busy);
  }

  /**
   * One experiment's result for people: what was asked, expected and seen, and what follows.
   *
   * @param width how many characters a line of a table may have
   */
  public static String section(Map<String, @Nullable Object> experiment, int width) {
    StringBuilder text = new StringBuilder();
    String heading = word(experiment, "name") + ": " + word(experiment, "title");
    String title = TextParagraph.of("", "", heading);
    int longest = title.lines().mapToInt(String::length).max().orElse(0);
    text.append(title).append("=".repeat(longest)).append('\n');
    paragraph("asks", word(experiment, "question"), text);
    paragraph("known from", word(experiment, "source"), text);
    paragraph("expected", word(experiment, "expected"), text);
    paragraph("seen", word(experiment, "seen"), text);
    for (Map<String, @Nullable Object> table : maps(experiment.get("tables"))) {
      text.append('\n').append(word(table, "title")).append('\n').append(table(table, width));
      if (table.get("note") != null) {
        text.append(TextParagraph.of("  ", "  ", word(table, "note")));
      }
    }
    text.append('\n');
    paragraph("verdict", verdict(experiment) + ": " + word(experiment, "reason"), text);
    paragraph(
        "to do", experiment.get("remedy") == null ? "nothing" : word(experiment, "remedy"), text);
    return text.toString();
  }

  /** All verdicts in a table. */
  public static String verdicts(List<Map<String, @Nullable Object>> experiments) {
    TextTable table = new TextTable().left("experiment").left("verdict").right("took s");
    for (Map<String, @Nullable Object> experiment : experiments) {
      table.row(
          word(experiment, "name"),
          verdict(experiment),
          figure(experiment.get("seconds"), new Figures(1)));
    }
    return table.render();
  }

  private static void paragraph(String label, String words, StringBuilder text) {
    if (!words.isEmpty()) {
      text.append(
          TextParagraph.of(
              label + " ".repeat(LABEL_WIDTH + 2 - label.length()),
              " ".repeat(LABEL_WIDTH + 2),
              words));
    }
  }

  private static String verdict(Map<String, @Nullable Object> experiment) {
    String words =
        experiment.get("failure") == null
            ? word(experiment, "verdict").replace('_', ' ')
            : "failed";
    return Boolean.TRUE.equals(experiment.get("partial")) ? words + " (partial)" : words;
  }

  private static String table(Map<String, @Nullable Object> finding, int width) {
    List<Map<String, @Nullable Object>> columns = maps(finding.get("columns"));
    List<List<@Nullable Object>> rows = rows(finding.get("rows"));
    TextTable table = new TextTable();
    List<Figures> figures = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      Map<String, @Nullable Object> column = columns.get(i);
      if (column.get("unit") == null) {
        table.left(word(column, "name"));
      } else {
        table.right((word(column, "name") + " " + word(column, "unit")).strip());
      }
      List<Double> values = new ArrayList<>();
      for (List<@Nullable Object> row : rows) {
        if (row.get(i) instanceof Number number) {
          values.add(number.doubleValue());
        }
      }
      figures.add(Figures.of(column.get("unit") == null ? null : word(column, "unit"), values));
    }
    for (List<@Nullable Object> row : rows) {
      List<String> cells = new ArrayList<>();
      for (int i = 0; i < columns.size(); i++) {
        cells.add(figure(row.get(i), figures.get(i)));
      }
      table.row(cells);
    }
    return table.render(width);
  }

  private static String figure(@Nullable Object cell, Figures figures) {
    return switch (cell) {
      case null -> "-";
      case Boolean answer -> answer ? "yes" : "no";
      case Number number -> figures.text(number.doubleValue());
      default -> cell.toString();
    };
  }

  private static String word(Map<String, @Nullable Object> map, String key) {
    Object value = map.get(key);
    return value == null ? "" : value.toString();
  }

  @SuppressWarnings("unchecked") // by the schema
  private static List<Map<String, @Nullable Object>> maps(@Nullable Object list) {
    return list == null ? List.of() : (List<Map<String, @Nullable Object>>) list;
  }

  @SuppressWarnings("unchecked") // by the schema
  private static List<List<@Nullable Object>> rows(@Nullable Object list) {
    return list == null ? List.of() : (List<List<@Nullable Object>>) list;
  }
}
