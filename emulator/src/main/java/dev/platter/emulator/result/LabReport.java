package dev.platter.emulator.result;

import dev.platter.emulator.host.Scheduling;
import dev.platter.emulator.result.document.EnvironmentFacts;
import dev.platter.emulator.result.document.ExperimentResult;
import dev.platter.emulator.result.document.LabDocument;
import dev.platter.emulator.result.document.SchedulingFacts;
import dev.platter.emulator.result.document.Warning;
import dev.platter.emulator.text.TextParagraph;
import dev.platter.emulator.text.TextTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The result of {@code platter lab}: {@code platter.lab/1} for machines, and the same as text for
 * people, drawn from the same records.
 */
public final class LabReport {
  /** The JSON's schema. */
  public static final String SCHEMA = "platter.lab/1";

  private static final int LABEL_WIDTH = 10;

  private LabReport() {}

  /**
   * The JSON document.
   *
   * @param parameters the options
   * @param partial whether it was interrupted before all experiments had begun
   */
  public static LabDocument document(
      Origin origin,
      EnvironmentFacts environment,
      Map<String, @Nullable Object> parameters,
      boolean partial,
      List<ExperimentResult> experiments) {
    return new LabDocument(
        origin.frame(SCHEMA, environment, parameters, warnings(environment, experiments)),
        partial,
        experiments);
  }

  /**
   * Why the figures may not be what they seem.
   *
   * @param experiments whose rows tell how the host treated their runs
   */
  public static List<Warning> warnings(
      EnvironmentFacts environment, List<ExperimentResult> experiments) {
    List<SchedulingReport.OfRow> busy = new ArrayList<>();
    for (ExperimentResult experiment : experiments) {
      List<Scheduling> runs =
          experiment.rows().stream()
              .map(row -> row.costs().scheduling())
              .filter(SchedulingFacts::busy)
              .map(SchedulingReport::of)
              .toList();
      if (!runs.isEmpty()) {
        busy.add(new SchedulingReport.OfRow(experiment.name(), Scheduling.sum(runs)));
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
  public static String section(ExperimentResult experiment, int width) {
    StringBuilder text = new StringBuilder();
    String heading = experiment.name() + ": " + experiment.title();
    String title = TextParagraph.of("", "", heading);
    int longest = title.lines().mapToInt(String::length).max().orElse(0);
    text.append(title).append("=".repeat(longest)).append('\n');
    paragraph("asks", experiment.question(), text);
    paragraph("known from", experiment.source(), text);
    paragraph("expected", experiment.expected(), text);
    paragraph("seen", experiment.seen(), text);
    for (ExperimentResult.Table table : experiment.tables()) {
      text.append('\n').append(table.title()).append('\n').append(table(table, width));
      if (table.note() != null) {
        text.append(TextParagraph.of("  ", "  ", table.note()));
      }
    }
    text.append('\n');
    paragraph("verdict", verdict(experiment) + ": " + experiment.reason(), text);
    paragraph("to do", experiment.remedy() == null ? "nothing" : experiment.remedy(), text);
    return text.toString();
  }

  /** All verdicts in a table. */
  public static String verdicts(List<ExperimentResult> experiments) {
    TextTable table = new TextTable().left("experiment").left("verdict").right("took s");
    for (ExperimentResult experiment : experiments) {
      table.row(
          experiment.name(), verdict(experiment), figure(experiment.seconds(), new Figures(1)));
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

  private static String verdict(ExperimentResult experiment) {
    String words = experiment.failure() == null ? experiment.verdict().replace('_', ' ') : "failed";
    return experiment.partial() ? words + " (partial)" : words;
  }

  private static String table(ExperimentResult.Table finding, int width) {
    TextTable table = new TextTable();
    List<Figures> figures = new ArrayList<>();
    for (ExperimentResult.Column column : finding.columns()) {
      if (column.unit() == null) {
        table.left(column.name());
      } else {
        table.right((column.name() + " " + column.unit()).strip());
      }
      List<Double> values = new ArrayList<>();
      for (List<@Nullable Object> row : finding.rows()) {
        if (row.get(figures.size()) instanceof Number number) {
          values.add(number.doubleValue());
        }
      }
      figures.add(Figures.of(column.unit(), values));
    }
    for (List<@Nullable Object> row : finding.rows()) {
      List<String> cells = new ArrayList<>();
      for (int i = 0; i < figures.size(); i++) {
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
}
