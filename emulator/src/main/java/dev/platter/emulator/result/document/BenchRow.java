package dev.platter.emulator.result.document;

import org.jspecify.annotations.Nullable;

/** A row of {@code platter.bench/1}: what tells it from others of its device, then its figures. */
public record BenchRow(
    @Nullable String label, @Nullable Integer iodepth, @Inline BenchFigures figures)
    implements MeasuredRow {
  @Override
  public Costs costs() {
    return figures.costs();
  }
}
