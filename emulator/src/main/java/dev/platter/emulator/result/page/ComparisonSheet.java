package dev.platter.emulator.result.page;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The sheet of a comparison: which is faster, what differs, the figures. */
final class ComparisonSheet {
  private static final String MORE = "see --json or the HTML page";
  private static final int FEW_ROWS = 3;

  private ComparisonSheet() {}

  /** The sheet; gates come behind the verdicts. */
  static Sheet of(ComparedResults results) {
    Sheet sheet = new Sheet(ReportForm.MARKDOWN_SIGNATURE, "Platter report: comparison", MORE);
    List<String> verdicts = new ArrayList<>(results.verdicts());
    results.warnings().forEach(warning -> verdicts.add("Warning: " + warning));
    sheet.sentences("", verdicts, verdicts.size(), 0);
    List<String> gates = results.gates().stream().map(Gate.Result::sentence).toList();
    sheet.sentences("Gates", gates, gates.size(), 0);
    for (ComparisonGroup compared : results.groups()) {
      String kind = results.groups().size() > 1 ? ": " + word(compared.schema()) : "";
      sheet.sentences("Results" + kind, legend(compared), compared.sides().size(), 0);
      sheet.sentences("What differs" + kind, differences(compared), 1, 3);
      sheet.sentences("Row by row" + kind, rows(compared), FEW_ROWS, 2);
      figures(sheet, "Figures" + kind, compared);
    }
    return sheet;
  }

  private static String word(String schema) {
    return Schemas.title(schema).replaceFirst(":.*", "");
  }

  private static String letter(int side) {
    return side < 26 ? String.valueOf((char) ('A' + side)) : "#" + (side + 1);
  }

  private static List<String> legend(ComparisonGroup compared) {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < compared.sides().size(); i++) {
      ComparisonGroup.Side side = compared.sides().get(i);
      String created = side.fields().text("created");
      lines.add(letter(i) + ": " + side.label() + (created == null ? "" : ", " + created));
    }
    return lines;
  }

  private static List<String> differences(ComparisonGroup compared) {
    List<String> lines = new ArrayList<>();
    for (Difference difference : compared.differences()) {
      Map<String, List<String>> byValue = new LinkedHashMap<>();
      for (int i = 0; i < difference.values().size(); i++) {
        String value = difference.values().get(i);
        byValue.computeIfAbsent(value == null ? "" : value, _ -> new ArrayList<>()).add(letter(i));
      }
      List<String> parts = new ArrayList<>();
      byValue.forEach((value, sides) -> parts.add(value + " (" + String.join(", ", sides) + ")"));
      lines.add(difference.name() + ": " + String.join("; ", parts));
    }
    lines.add(compared.otherwise());
    if (!compared.alone().isEmpty()) {
      lines.add("Not compared, because one result alone has it: " + alone(compared) + ".");
    }
    return lines;
  }

  private static String alone(ComparisonGroup compared) {
    return String.join(", ", compared.alone());
  }

  private static List<String> rows(ComparisonGroup compared) {
    List<String> lines = new ArrayList<>();
    boolean several = compared.sides().size() > 2;
    for (ComparisonGroup.RowSet row : compared.rows()) {
      for (int i = 1; i < compared.sides().size(); i++) {
        Judgement judgement = row.decides(i);
        if (judgement != null) {
          lines.add(row.name() + (several ? " of " + letter(i) : "") + ": " + judgement.sentence());
        }
      }
    }
    return lines;
  }

  private static void figures(Sheet sheet, String heading, ComparisonGroup compared) {
    int sides = compared.sides().size();
    List<Sheet.Column> columns = new ArrayList<>();
    columns.add(new Sheet.Column("device", false, 0));
    columns.add(new Sheet.Column("figure", false, 0));
    for (int i = 0; i < sides; i++) {
      columns.add(new Sheet.Column(letter(i), true, 0));
      if (i > 0) {
        columns.add(new Sheet.Column(letter(i) + "/A", true, 0));
        columns.add(new Sheet.Column("", false, 1));
      }
    }
    List<List<String>> lines = new ArrayList<>();
    for (ComparisonGroup.RowSet row : compared.rows()) {
      String name = row.name();
      for (ComparisonGroup.Figure figure : row.shown()) {
        List<String> cells = new ArrayList<>(List.of(name, figure.measure().heading()));
        name = "";
        for (int i = 0; i < sides; i++) {
          Spread spread = figure.spreads().get(i);
          cells.add(spread == null ? "-" : figure.measure().quantity().cell(spread.value()));
          if (i > 0) {
            ratio(figure.judgements().get(i), cells);
          }
        }
        lines.add(cells);
      }
    }
    sheet.table(heading, columns, lines, FEW_ROWS, 1);
  }

  private static void ratio(@Nullable Judgement judgement, List<String> cells) {
    if (judgement == null) {
      cells.add("-");
      cells.add("");
    } else {
      cells.add(Double.isNaN(judgement.ratio()) ? "-" : Quantity.digits(judgement.ratio()));
      cells.add(judgement.word());
    }
  }
}
