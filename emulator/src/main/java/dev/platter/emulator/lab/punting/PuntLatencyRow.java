package dev.platter.emulator.lab.punting;

import dev.platter.emulator.result.document.BenchFigures;
import dev.platter.emulator.result.document.Costs;
import dev.platter.emulator.result.document.Inline;
import dev.platter.emulator.result.document.MeasuredRow;
import org.jspecify.annotations.Nullable;

/**
 * A row of the JSON: one of {@code platter.bench/1}, with what its image was.
 *
 * @param writesPunted how many writes of a run were punted; null if they cannot be counted
 */
record PuntLatencyRow(
    String label,
    String preallocation,
    int iodepth,
    @Nullable Integer writesPunted,
    @Inline BenchFigures figures)
    implements MeasuredRow {
  @Override
  public Costs costs() {
    return figures.costs();
  }
}
