package dev.platter.emulator.result.document;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code platter.comparison/1}. */
public record ComparisonDocument(
    String schema,
    String created,
    String command,
    List<ComparedResult> results,
    List<String> verdicts,
    List<String> warnings,
    List<Group> comparisons,
    List<GateResult> gates) {
  /** A result that the comparison has read. */
  public record ComparedResult(
      String label, String schema, @Nullable String created, @Nullable String command) {}

  /** Results of one kind. */
  public record Group(
      String schema,
      List<String> labels,
      List<Differing> differences,
      List<String> notRecordedByAll,
      String otherwise,
      List<String> notCompared,
      List<ComparedRow> rows) {}

  /** A key in which the results differ, with the value in each result. */
  public record Differing(String name, List<@Nullable String> values) {}

  /** A row that at least two results have. */
  public record ComparedRow(String row, List<ComparedFigure> figures) {}

  /**
   * A figure of a row.
   *
   * @param better {@code more} or {@code less}
   * @param values the figure in each result; null where a result lacks it
   * @param toFirst for each result but the first, how it compares with the first
   */
  public record ComparedFigure(
      String figure,
      String better,
      List<ComparisonDocument.@Nullable FigureRange> values,
      List<ComparisonDocument.@Nullable Answer> toFirst) {}

  /** The figure of a row and where its runs lie; null without runs. */
  public record FigureRange(double value, @Nullable Double low, @Nullable Double high, long runs) {}

  /** What the runs of two rows say. */
  public record Answer(@Nullable Double ratio, String answer, @Nullable String because) {}

  /** The outcome of a gate. */
  public record GateResult(
      String gate,
      String label,
      String row,
      @Nullable Double ratio,
      @Nullable String answer,
      String outcome) {}
}
