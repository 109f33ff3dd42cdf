package dev.platter.emulator.result.document;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an experiment has found.
 *
 * @param remedy what to do; null if there is nothing to do
 * @param seconds how long it took
 * @param rows those of its runs; each is a record
 * @param details facts for machines, which each experiment names itself
 * @param failure what it failed of; null if it did not
 * @param plant what was done to it so that its answer was known beforehand
 */
public record ExperimentResult(
    String name,
    String title,
    String question,
    String source,
    String expected,
    String seen,
    String verdict,
    String reason,
    @Nullable String remedy,
    boolean partial,
    double seconds,
    List<Table> tables,
    List<Chart> charts,
    List<? extends MeasuredRow> rows,
    Map<String, @Nullable Object> details,
    @Nullable String failure,
    @Nullable String plant) {
  /**
   * A table.
   *
   * @param rows their cells: strings, booleans, numbers; null is what is not known
   */
  public record Table(
      String title,
      @Nullable String note,
      List<Column> columns,
      List<List<@Nullable Object>> rows) {}

  /**
   * A column.
   *
   * @param unit empty for counts and ratios; null for words
   */
  public record Column(String name, @Nullable String unit) {}

  /**
   * A chart.
   *
   * @param kind {@code bars} or {@code lines}
   * @param yUnit as of columns; null where it is not known
   * @param logY whether the y axis has powers of ten
   */
  public record Chart(
      String kind,
      @Nullable String title,
      @Nullable String xLabel,
      @Nullable String yLabel,
      @Nullable String yUnit,
      boolean logY,
      List<Series> series) {}

  /**
   * A series of points.
   *
   * @param points pairs: of a category and a number in bars, else of two numbers
   */
  public record Series(@Nullable String name, List<List<Object>> points) {}
}
