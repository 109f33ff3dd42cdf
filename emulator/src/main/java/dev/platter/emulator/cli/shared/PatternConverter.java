package dev.platter.emulator.cli.shared;

import dev.platter.emulator.measure.workload.Bench;

/** Reads a pattern of offsets, such as {@code randread}. */
public final class PatternConverter extends ChoiceConverter<Bench.Pattern> {
  /** For picocli. */
  PatternConverter() {
    super(Bench.Pattern.class);
  }
}
