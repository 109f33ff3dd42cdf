package dev.platter.emulator.lab;

import dev.platter.emulator.result.document.ExperimentResult;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A table of an experiment's figures. Cells are strings, booleans, whole numbers, doubles that are
 * already rounded, or null for "not known" or "does not apply".
 */
public final class FindingTable {
  private final String title;
  private final List<ExperimentResult.Column> columns = new ArrayList<>();
  private final List<List<@Nullable Object>> rows = new ArrayList<>();
  private @Nullable String note;

  /** An empty table. */
  public FindingTable(String title) {
    this.title = title;
  }

  /** Adds a column of words. */
  public FindingTable words(String name) {
    return column(name, null);
  }

  /**
   * Adds a column of figures.
   *
   * @param unit such as {@code us}, {@code s}, {@code %}, {@code IOPS}; empty for counts and ratios
   */
  public FindingTable figures(String name, String unit) {
    return column(name, unit);
  }

  private FindingTable column(String name, @Nullable String unit) {
    columns.add(new ExperimentResult.Column(name, unit));
    return this;
  }

  /** Adds a note below the table. */
  public FindingTable note(String text) {
    note = text;
    return this;
  }

  /** Adds a row. */
  public FindingTable row(@Nullable Object... cells) {
    if (cells.length != columns.size()) {
      throw new IllegalArgumentException(
          cells.length + " cells for " + columns.size() + " columns of '" + title + "'");
    }
    List<@Nullable Object> row = new ArrayList<>();
    for (Object cell : cells) {
      row.add(cell);
    }
    rows.add(row);
    return this;
  }

  /** As the JSON has it. */
  ExperimentResult.Table table() {
    return new ExperimentResult.Table(title, note, List.copyOf(columns), new ArrayList<>(rows));
  }
}
