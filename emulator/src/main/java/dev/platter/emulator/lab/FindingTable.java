package dev.platter.emulator.lab;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A table of an experiment's figures. Cells are strings, booleans, whole numbers, doubles already
 * rounded to what is worth showing, or null for "not known" or "does not apply".
 */
public final class FindingTable {
  private final String title;
  private final List<Map<String, @Nullable Object>> columns = new ArrayList<>();
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
    Map<String, @Nullable Object> column = new LinkedHashMap<>();
    column.put("name", name);
    column.put("unit", unit);
    columns.add(column);
    return this;
  }

  /** Says something below the table. */
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

  /** As the JSON has it: {@code title}, {@code note}, {@code columns}, {@code rows}. */
  public Map<String, @Nullable Object> toMap() {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("title", title);
    map.put("note", note);
    map.put("columns", List.copyOf(columns));
    map.put("rows", new ArrayList<>(rows));
    return map;
  }
}
