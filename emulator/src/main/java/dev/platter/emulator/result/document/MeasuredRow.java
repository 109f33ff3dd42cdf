package dev.platter.emulator.result.document;

/** A row of {@code iotest} or {@code bench}, or one that an experiment has made of such a row. */
public interface MeasuredRow {
  /** What its runs cost. */
  Costs costs();
}
