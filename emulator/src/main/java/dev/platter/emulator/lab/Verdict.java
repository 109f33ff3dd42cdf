package dev.platter.emulator.lab;

import java.util.Locale;

/** Whether the host has the trouble that an experiment looks for. */
public enum Verdict {
  /** The host has the trouble. */
  AFFECTED,
  /** The host does not have the trouble. */
  NOT_AFFECTED,
  /** The figures allow no answer. */
  INCONCLUSIVE,
  /** The host lacks something that the experiment needs. */
  NOT_POSSIBLE;

  /** As the JSON names it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
