package dev.platter.emulator.result.page;

import dev.platter.aio.PlatterException;
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

  private final List<Compared.Side> sides;
  private final List<Compared> groups = new ArrayList<>();
  private final List<Gate.Result> results = new ArrayList<>();

  /**
   * Compares documents of each kind with the first of that kind.
   *
   * @param documents at least two
   * @throws PlatterException of kind BAD_INPUT if a gate is on a row or figure that there is not
   */
  public ComparedResults(List<Document> documents, List<Gate> gates) {
    sides = sides(documents);
    Map<String, List<Compared.Side>> kinds = new LinkedHashMap<>();
    sides.forEach(
        side -> kinds.computeIfAbsent(Schemas.of(side.fields()), _ -> new ArrayList<>()).add(side));
    kinds.forEach((schema, some) -> {
      if (some.size() > 1) {
        groups.add(new Compared(schema, some));
      }
    });
    gates.forEach(this::decide);
  }

  /** The documents with labels that do not repeat the directory in which all of them are. */
  static List<Compared.Side> sides(List<Document> documents) {
    String common = documents.getFirst().label();
    for (Document document : documents) {
      while (!document.label().startsWith(common)) {
        common = common.substring(0, common.length() - 1);
      }
    }
    int start = common.lastIndexOf('/') + 1;
    List<Compared.Side> sides = new ArrayList<>();
    for (Document document : documents) {
      sides.add(
          new Compared.Side(
              document.label().substring(start), Fields.of(sides.size() + 1, document.json())));
    }
    return sides;
  }

  private void decide(Gate gate) {
    Set<String> rows = new LinkedHashSet<>();
    int before = results.size();
    for (Compared compared : groups) {
      for (Compared.RowSet row : compared.rows()) {
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
      for (Compared compared : groups) {
        compared.missing().stream()
            .filter(row -> row.has(gate.measure()))
            .forEach(row -> decide(gate, compared, row));
      }
    }
  }

  private void decide(Gate gate, Compared compared, Compared.RowSet row) {
    for (int i = 1; i < compared.sides().size(); i++) {
      results.add(
          new Gate.Result(
              gate, compared.sides().get(i).label(), row.name(), row.judgement(gate.measure(), i)));
    }
  }

  List<Compared> groups() {
    return groups;
  }

  List<Gate.Result> gates() {
    return results;
  }

  /** Which is faster, by how much, and whether that is noise: a sentence for each comparison. */
  List<String> verdicts() {
    List<String> verdicts = new ArrayList<>();
    for (Compared compared : groups) {
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
    for (Compared.Side side : sides) {
      String failure = side.fields().text("failure");
      if (failure != null) {
        warnings.add(side.label() + ": its run failed: " + failure);
      }
      side.fields()
          .objects("warnings")
          .forEach(warning -> warnings.add(side.label() + ": " + warning.textOrEmpty("text")));
    }
    for (Compared compared : groups) {
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

  /** The comparison as {@code docs/json.md} describes it. */
  public Map<String, @Nullable Object> json() {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("schema", SCHEMA);
    List<Object> files = new ArrayList<>();
    for (Compared.Side side : sides) {
      Map<String, @Nullable Object> result = new LinkedHashMap<>();
      result.put("label", side.label());
      result.put("schema", Schemas.of(side.fields()));
      result.put("created", side.fields().text("created"));
      result.put("command", side.fields().text("command"));
      files.add(result);
    }
    map.put("results", files);
    map.put("verdicts", verdicts());
    map.put("warnings", warnings());
    map.put("comparisons", groups.stream().map(ComparedResults::json).toList());
    map.put("gates", results.stream().map(ComparedResults::json).toList());
    return map;
  }

  private static Map<String, @Nullable Object> json(Compared compared) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("schema", compared.schema());
    map.put("labels", compared.sides().stream().map(Compared.Side::label).toList());
    map.put("differences", compared.differences().stream().map(ComparedResults::json).toList());
    map.put("not_recorded_by_all", compared.unknown().stream().map(Difference::path).toList());
    map.put("otherwise", compared.otherwise());
    map.put("not_compared", compared.alone());
    List<Object> rows = new ArrayList<>();
    for (Compared.RowSet row : compared.rows()) {
      Map<String, @Nullable Object> one = new LinkedHashMap<>();
      one.put("row", row.name());
      one.put("figures", row.figures().stream().map(ComparedResults::json).toList());
      rows.add(one);
    }
    map.put("rows", rows);
    return map;
  }

  private static Map<String, @Nullable Object> json(Difference difference) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("name", difference.path());
    map.put("values", difference.values());
    return map;
  }

  private static Map<String, @Nullable Object> json(Compared.Figure figure) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("figure", figure.measure().word());
    map.put("better", figure.measure().moreIsBetter() ? "more" : "less");
    List<@Nullable Object> values = new ArrayList<>();
    List<@Nullable Object> compared = new ArrayList<>();
    for (int i = 0; i < figure.spreads().size(); i++) {
      Spread spread = figure.spreads().get(i);
      values.add(spread == null ? null : json(spread));
      if (i > 0) {
        Judgement judgement = figure.judgements().get(i);
        compared.add(judgement == null ? null : json(judgement));
      }
    }
    map.put("values", values);
    map.put("to_first", compared);
    return map;
  }

  private static Map<String, @Nullable Object> json(Spread spread) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("value", spread.value());
    map.put("low", spread.runs() == 0 ? null : spread.low());
    map.put("high", spread.runs() == 0 ? null : spread.high());
    map.put("runs", spread.runs());
    return map;
  }

  private static Map<String, @Nullable Object> json(Judgement judgement) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("ratio", ratio(judgement));
    map.put("answer", judgement.answer().toString());
    map.put("because", judgement.because().isEmpty() ? null : judgement.because());
    return map;
  }

  private static Map<String, @Nullable Object> json(Gate.Result result) {
    Judgement judgement = result.judgement();
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("gate", result.gate().text());
    map.put("label", result.label());
    map.put("row", result.row());
    map.put("ratio", judgement == null ? null : result.gate().rounded(judgement.ratio()));
    map.put("answer", judgement == null ? null : judgement.answer().toString());
    map.put("outcome", result.outcome().toString());
    return map;
  }

  private static @Nullable Double ratio(Judgement judgement) {
    return Double.isNaN(judgement.ratio()) ? null : Math.round(judgement.ratio() * 1e4) / 1e4;
  }
}
