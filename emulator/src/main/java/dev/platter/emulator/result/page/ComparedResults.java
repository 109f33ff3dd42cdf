package dev.platter.emulator.result.page;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.result.Origin;
import dev.platter.emulator.result.document.ComparisonDocument;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Saved results side by side: which is faster, what else differs, and what gates say of that. */
public final class ComparedResults {
  /** The schema of the JSON. */
  public static final String SCHEMA = "platter.comparison/1";

  private final List<ComparisonGroup.Side> sides;
  private final List<ComparisonGroup> groups = new ArrayList<>();
  private final List<Gate.Result> results = new ArrayList<>();

  /**
   * Compares documents of each kind with the first of that kind.
   *
   * @param documents at least two
   * @throws PlatterException of kind BAD_INPUT if a gate is on a row or figure that there is not
   */
  public ComparedResults(List<Document> documents, List<Gate> gates) {
    sides = sides(documents);
    Map<String, List<ComparisonGroup.Side>> kinds = new LinkedHashMap<>();
    sides.forEach(
        side -> kinds.computeIfAbsent(Schemas.of(side.fields()), _ -> new ArrayList<>()).add(side));
    kinds.forEach((schema, some) -> {
      if (some.size() > 1) {
        groups.add(new ComparisonGroup(schema, some));
      }
    });
    gates.forEach(this::decide);
  }

  /** The documents with labels that do not repeat the directory in which all of them are. */
  static List<ComparisonGroup.Side> sides(List<Document> documents) {
    String common = documents.getFirst().label();
    for (Document document : documents) {
      while (!document.label().startsWith(common)) {
        common = common.substring(0, common.length() - 1);
      }
    }
    int start = common.lastIndexOf('/') + 1;
    List<ComparisonGroup.Side> sides = new ArrayList<>();
    for (Document document : documents) {
      sides.add(
          new ComparisonGroup.Side(
              document.label().substring(start), Fields.of(sides.size() + 1, document.json())));
    }
    return sides;
  }

  private void decide(Gate gate) {
    Set<String> rows = new LinkedHashSet<>();
    int before = results.size();
    for (ComparisonGroup compared : groups) {
      for (ComparisonGroup.RowSet row : compared.rows()) {
        rows.add(row.name());
        if (gate.isFor(row.name()) && (row.has(gate.measure()) || gate.row() != null)) {
          decide(gate, compared, row);
        }
      }
    }
    if (results.size() == before) {
      throw PlatterException.badInput(
          "--gate '"
              + gate.text()
              + "': "
              + (gate.row() == null
                  ? "no row of both results has this figure"
                  : "there is no row '" + gate.row() + "' in both results"),
          rows.isEmpty()
              ? "Compare results of the same kind that have rows in common"
              : "Rows: " + String.join(", ", rows) + ". Figures: " + Measure.names());
    }
    if (gate.row() == null) {
      // What is no longer measured is not known to be as it was.
      for (ComparisonGroup compared : groups) {
        compared.missing().stream()
            .filter(row -> row.has(gate.measure()))
            .forEach(row -> decide(gate, compared, row));
      }
    }
  }

  private void decide(Gate gate, ComparisonGroup compared, ComparisonGroup.RowSet row) {
    for (int i = 1; i < compared.sides().size(); i++) {
      results.add(
          new Gate.Result(
              gate, compared.sides().get(i).label(), row.name(), row.judgement(gate.measure(), i)));
    }
  }

  List<ComparisonGroup> groups() {
    return groups;
  }

  List<Gate.Result> gates() {
    return results;
  }

  /** Which is faster, by how much, and whether that is noise: a sentence for each comparison. */
  List<String> verdicts() {
    List<String> verdicts = new ArrayList<>();
    for (ComparisonGroup compared : groups) {
      for (int i = 1; i < compared.sides().size(); i++) {
        verdicts.add(compared.verdict(i));
      }
    }
    return verdicts;
  }

  /** What keeps the results from being compared fairly. */
  public List<String> warnings() {
    List<String> warnings = new ArrayList<>();
    Map<String, List<String>> kinds = new LinkedHashMap<>();
    sides.forEach(side ->
        kinds.computeIfAbsent(Schemas.of(side.fields()), _ -> new ArrayList<>()).add(side.label()));
    if (kinds.size() > 1) {
      List<String> parts = new ArrayList<>();
      kinds.forEach((schema, labels) -> parts.add(String.join(", ", labels) + " (" + schema + ")"));
      warnings.add(
          "These are results of different kinds, which are not compared: "
              + String.join("; ", parts)
              + ".");
    }
    for (ComparisonGroup.Side side : sides) {
      String failure = side.fields().text("failure");
      if (failure != null) {
        warnings.add(side.label() + ": its run failed: " + failure);
      }
      side.fields()
          .objects("warnings")
          .forEach(warning -> warnings.add(side.label() + ": " + warning.textOrEmpty("text")));
    }
    for (ComparisonGroup compared : groups) {
      String warning = compared.warning();
      if (warning != null) {
        warnings.add(warning);
      }
    }
    return warnings;
  }

  /** How many gates did not let the result pass. */
  public long closedGates() {
    return results.stream()
        .filter(result -> result.outcome() != Gate.Result.Outcome.PASSED)
        .count();
  }

  /** How many gates there were, counted by row. */
  public int gateCount() {
    return results.size();
  }

  // ---- JSON ------------------------------------------------------------------------------------

  /** The JSON document. */
  public ComparisonDocument document(Origin origin) {
    return new ComparisonDocument(
        SCHEMA,
        origin.createdText(),
        origin.command(),
        sides.stream()
            .map(side ->
                new ComparisonDocument.ComparedResult(
                    side.label(),
                    Schemas.of(side.fields()),
                    side.fields().text("created"),
                    side.fields().text("command")))
            .toList(),
        verdicts(),
        warnings(),
        groups.stream().map(ComparedResults::group).toList(),
        results.stream().map(ComparedResults::gate).toList());
  }

  private static ComparisonDocument.Group group(ComparisonGroup compared) {
    return new ComparisonDocument.Group(
        compared.schema(),
        compared.sides().stream().map(ComparisonGroup.Side::label).toList(),
        compared.differences().stream()
            .map(difference ->
                new ComparisonDocument.Differing(difference.path(), difference.values()))
            .toList(),
        compared.unknown().stream().map(Difference::path).toList(),
        compared.otherwise(),
        compared.alone(),
        compared.rows().stream()
            .map(row ->
                new ComparisonDocument.ComparedRow(
                    row.name(), row.figures().stream().map(ComparedResults::figure).toList()))
            .toList());
  }

  private static ComparisonDocument.ComparedFigure figure(ComparisonGroup.Figure figure) {
    List<ComparisonDocument.@Nullable FigureRange> values = new ArrayList<>();
    List<ComparisonDocument.@Nullable Answer> compared = new ArrayList<>();
    for (int i = 0; i < figure.spreads().size(); i++) {
      Spread spread = figure.spreads().get(i);
      values.add(spread == null ? null : range(spread));
      if (i > 0) {
        Judgement judgement = figure.judgements().get(i);
        compared.add(judgement == null ? null : answer(judgement));
      }
    }
    return new ComparisonDocument.ComparedFigure(
        figure.measure().word(),
        figure.measure().moreIsBetter() ? "more" : "less",
        values,
        compared);
  }

  private static ComparisonDocument.FigureRange range(Spread spread) {
    return new ComparisonDocument.FigureRange(
        spread.value(),
        spread.runs() == 0 ? null : Double.valueOf(spread.low()),
        spread.runs() == 0 ? null : Double.valueOf(spread.high()),
        spread.runs());
  }

  private static ComparisonDocument.Answer answer(Judgement judgement) {
    return new ComparisonDocument.Answer(
        ratio(judgement),
        judgement.answer().toString(),
        judgement.because().isEmpty() ? null : judgement.because());
  }

  private static ComparisonDocument.GateResult gate(Gate.Result result) {
    Judgement judgement = result.judgement();
    return new ComparisonDocument.GateResult(
        result.gate().text(),
        result.label(),
        result.row(),
        judgement == null ? null : result.gate().rounded(judgement.ratio()),
        judgement == null ? null : judgement.answer().toString(),
        result.outcome().toString());
  }

  private static @Nullable Double ratio(Judgement judgement) {
    return Double.isNaN(judgement.ratio()) ? null : Math.round(judgement.ratio() * 1e4) / 1e4;
  }
}
