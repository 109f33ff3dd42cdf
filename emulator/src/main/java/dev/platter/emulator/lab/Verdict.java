package dev.platter.emulator.lab;

import java.util.Locale;

/** Whether the host has the trouble that an experiment looks for. */
public enum Verdict {
  /** It has. */
  AFFECTED,
  /** It has not. */
  NOT_AFFECTED,
  /** The figures do not tell. */
  INCONCLUSIVE,
  /** The experiment needs something that the host does not have. */
  NOT_POSSIBLE;

  /** As the JSON names it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
