package dev.platter.emulator.result.page;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Results of one kind, and what can be said of each compared with the first. */
final class ComparisonGroup {
  /** A document and what to call it. */
  record Side(String label, Fields fields) {}

  /**
   * A figure of one row.
   *
   * @param spreads by side; null where a side does not have it
   * @param judgements by side; null for the first, and where there is nothing to compare
   */
  record Figure(
      Measure measure, List<@Nullable Spread> spreads, List<@Nullable Judgement> judgements) {}

  /**
   * A row that two sides or more have.
   *
   * @param rows by side
   * @param figures the figure that decides stands first
   */
  record RowSet(String name, List<@Nullable Row> rows, List<Figure> figures) {
    /** What is said of a side by the figure that decides, or null. */
    @Nullable Judgement decides(int side) {
      return figures.isEmpty() ? null : figures.getFirst().judgements().get(side);
    }

    /** The figures without those that say once more what the deciding figure says. */
    List<Figure> shown() {
      Measure first = figures.isEmpty() ? Measure.MEAN : figures.getFirst().measure();
      return figures.stream()
          .filter(figure ->
              figure.measure() == first || !ComparisonGroup.REPEATING.contains(figure.measure()))
          .toList();
    }

    /** Whether any side has a figure of it. */
    boolean has(Measure measure) {
      return figures.stream().anyMatch(figure -> figure.measure() == measure);
    }

    /** What is said of a side by a figure, or null. */
    @Nullable Judgement judgement(Measure measure, int side) {
      for (Figure figure : figures) {
        if (figure.measure() == measure) {
          return figure.judgements().get(side);
        }
      }
      return null;
    }
  }

  private static final Set<Measure> REPEATING = Set.of(Measure.THROUGHPUT, Measure.MEAN);
  // How much work there was in all, which decides how long it takes.
  private static final Set<String> AMOUNT =
      Set.of("parameters.total_bytes", "parameters.iotest.total_bytes");

  private final String schema;
  private final List<Side> sides;
  private final List<RowSet> rows = new ArrayList<>();
  private final List<RowSet> missing = new ArrayList<>();
  private final List<String> alone = new ArrayList<>();
  private final List<Difference> differences;

  /**
   * Compares.
   *
   * @param schema of all sides
   * @param sides at least two
   */
  ComparisonGroup(String schema, List<Side> sides) {
    this.schema = schema;
    this.sides = List.copyOf(sides);
    differences = Difference.of(sides.stream().map(Side::fields).toList());
    if (!schema.equals(Schemas.LAB)) {
      compareRows();
    }
  }

  private void compareRows() {
    List<List<Fields>> objects =
        sides.stream().map(side -> side.fields().requiredObjects("rows")).toList();
    boolean several = Row.workloads(objects.stream().flatMap(List::stream).toList()) > 1;
    List<List<Row>> all = withDepths(objects.stream().map(some -> Row.of(some, several)).toList());
    boolean sameAmount =
        differences.stream().noneMatch(difference -> AMOUNT.contains(difference.path()));
    Set<String> names = new LinkedHashSet<>();
    all.forEach(some -> some.forEach(row -> names.add(row.name())));
    for (String name : names) {
      List<@Nullable Row> having = new ArrayList<>();
      all.forEach(some -> having.add(named(some, name)));
      List<String> labels =
          IntStream.range(0, sides.size())
              .filter(i -> having.get(i) != null)
              .mapToObj(i -> sides.get(i).label())
              .toList();
      if (labels.size() > 1) {
        rows.add(new RowSet(name, having, figures(having, sameAmount)));
      } else {
        alone.add(name + " (" + labels.getFirst() + ")");
        if (having.getFirst() != null) {
          missing.add(new RowSet(name, having, figures(having, sameAmount)));
        }
      }
    }
  }

  /** In a comparison with a sweep, the names of rows of a single depth give their depth, too. */
  private static List<List<Row>> withDepths(List<List<Row>> all) {
    if (all.stream().noneMatch(SweepChart::isSweep)) {
      return all;
    }
    return all.stream()
        .map(rows -> rows.stream().map(ComparisonGroup::withDepth).toList())
        .toList();
  }

  private static Row withDepth(Row row) {
    Double depth = row.fields().number("iodepth");
    return depth == null || row.fields().has("label")
        ? row
        : row.as(row.name() + " (depth " + Quantity.COUNT.cell(depth) + ")", row.style());
  }

  private static @Nullable Row named(List<Row> rows, String name) {
    return rows.stream().filter(row -> row.name().equals(name)).findFirst().orElse(null);
  }

  private static List<Figure> figures(List<@Nullable Row> rows, boolean sameAmount) {
    List<Figure> figures = new ArrayList<>();
    for (Measure measure : Measure.values()) {
      if (measure == Measure.TIME && !sameAmount) {
        continue;
      }
      List<@Nullable Spread> spreads = new ArrayList<>();
      rows.forEach(row -> spreads.add(row == null ? null : Spread.of(row.fields(), measure)));
      if (spreads.stream().anyMatch(spread -> spread != null)) {
        List<@Nullable Judgement> judgements = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
          judgements.add(i == 0 ? null : judgement(measure, rows, spreads, i));
        }
        figures.add(new Figure(measure, spreads, judgements));
      }
    }
    return figures;
  }

  private static @Nullable Judgement judgement(
      Measure measure, List<@Nullable Row> rows, List<@Nullable Spread> spreads, int side) {
    Row first = rows.getFirst();
    Row row = rows.get(side);
    Spread base = spreads.getFirst();
    Spread other = spreads.get(side);
    return first == null || row == null || base == null || other == null
        ? null
        : Judgement.of(measure, base, other, first.partial() || row.partial());
  }

  String schema() {
    return schema;
  }

  List<Side> sides() {
    return sides;
  }

  /** Rows that at least two results have. */
  List<RowSet> rows() {
    return rows;
  }

  /** Rows that only the first result has. */
  List<RowSet> missing() {
    return missing;
  }

  /** Rows that only one result has, with its label. */
  List<String> alone() {
    return alone;
  }

  /** Differences in keys that all results have. */
  List<Difference> differences() {
    return differences.stream().filter(Difference::isKnown).toList();
  }

  /** Differences in keys that some results lack. */
  List<Difference> unknown() {
    return differences.stream().filter(difference -> !difference.isKnown()).toList();
  }

  /** Whether all options of all are known: older results lack many. */
  private boolean isComplete() {
    return unknown().isEmpty()
        && sides.stream()
            .map(side -> side.fields().object("parameters"))
            .allMatch(
                parameters -> parameters != null && parameters.keys().contains("java_options"));
  }

  // ---- sentences -------------------------------------------------------------------------------

  /** Which of a side and the first is faster, by how much, and whether that is noise. */
  String verdict(int side) {
    String mine = sides.get(side).label();
    String first = sides.getFirst().label();
    if (schema.equals(Schemas.LAB)) {
      return labVerdict(side);
    }
    List<String> better = new ArrayList<>();
    List<String> worse = new ArrayList<>();
    List<String> noise = new ArrayList<>();
    List<String> unknown = new ArrayList<>();
    Set<String> because = new LinkedHashSet<>();
    for (RowSet row : rows) {
      Judgement judgement = row.decides(side);
      if (judgement == null) {
        continue;
      }
      switch (judgement.answer()) {
        case BETTER -> better.add(row.name() + " " + judgement.byHowMuch());
        case WORSE -> worse.add(row.name() + " " + judgement.byHowMuch());
        case NOISE -> noise.add(row.name());
        case UNKNOWN -> {
          unknown.add(row.name());
          because.add(judgement.because());
        }
      }
    }
    String start;
    if (!better.isEmpty() || !worse.isEmpty()) {
      start =
          mine
              + (worse.isEmpty()
                  ? " is faster than " + first
                  : better.isEmpty()
                      ? " is slower than " + first
                      : " is faster than " + first + " in some rows and slower in others");
    } else if (!noise.isEmpty() && unknown.isEmpty()) {
      return mine
          + " and "
          + first
          + " differ by no more than noise: "
          + String.join(", ", noise)
          + ".";
    } else if (!noise.isEmpty()) {
      start = "Of " + mine + " and " + first + " neither is known to be faster";
    } else if (!unknown.isEmpty()) {
      return "It cannot be known whether "
          + mine
          + " is faster than "
          + first
          + ": "
          + String.join("; ", because)
          + ".";
    } else {
      return "No row of " + mine + " can be compared with one of " + first + ".";
    }
    List<String> parts = new ArrayList<>(better);
    parts.addAll(worse);
    if (!noise.isEmpty()) {
      parts.add("noise: " + String.join(", ", noise));
    }
    if (!unknown.isEmpty()) {
      parts.add(
          "not known: " + String.join(", ", unknown) + " (" + String.join("; ", because) + ")");
    }
    return start + ": " + String.join("; ", parts) + ".";
  }

  private String labVerdict(int side) {
    List<String> differing = new ArrayList<>();
    List<Fields> first = LabSection.experiments(sides.getFirst().fields());
    int common = 0;
    for (Fields experiment : LabSection.experiments(sides.get(side).fields())) {
      String name = experiment.required("name");
      Fields base =
          first.stream().filter(one -> one.required("name").equals(name)).findFirst().orElse(null);
      if (base != null) {
        common++;
        if (!base.textOrEmpty("verdict").equals(experiment.textOrEmpty("verdict"))) {
          differing.add(
              name
                  + " ("
                  + LabSection.verdict(base.textOrEmpty("verdict"))
                  + ", then "
                  + LabSection.verdict(experiment.textOrEmpty("verdict"))
                  + ")");
        }
      }
    }
    String both = sides.getFirst().label() + " and " + sides.get(side).label();
    if (common == 0) {
      return both + " have no experiment in common.";
    }
    return differing.isEmpty()
        ? both + " have the same verdicts."
        : both
            + " differ in "
            + differing.size()
            + " of "
            + common
            + " verdicts: "
            + String.join(", ", differing)
            + ".";
  }

  /** Whether other work was measured, so that ratios compare the work as well. */
  @Nullable String warning() {
    List<String> chosen =
        differences().stream().filter(Difference::isChosen).map(Difference::name).toList();
    return chosen.isEmpty() || schema.equals(Schemas.LAB)
        ? null
        : "They were not run alike: "
            + String.join(", ", chosen)
            + (chosen.size() == 1 ? " differs" : " differ")
            + ", and the ratios show that, too.";
  }

  /** What can be said of all that is not listed as different. */
  String otherwise() {
    if (isComplete()) {
      return differences.isEmpty()
          ? "Nothing differs: all options and all that is known of the hosts are the same."
          : "All other options, and all else that is known of the hosts, are the same.";
    }
    List<String> lacking = new ArrayList<>();
    for (int i = 0; i < sides.size(); i++) {
      int side = i;
      List<String> names =
          unknown().stream()
              .filter(difference -> difference.values().get(side) == null)
              .map(Difference::name)
              .toList();
      if (!names.isEmpty()) {
        lacking.add(sides.get(i).label() + " does not say: " + String.join(", ", names) + ".");
      }
    }
    return "Whether the rest is the same is not known, because not all options were saved. "
        + String.join(" ", lacking);
  }
}
