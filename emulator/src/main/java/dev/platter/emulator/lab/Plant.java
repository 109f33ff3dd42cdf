package dev.platter.emulator.lab;

import java.util.Locale;

/**
 * A manipulation that makes the right answer of an experiment known beforehand, to test its
 * verdict.
 */
public enum Plant {
  /** No manipulation: the experiment examines the host as it is. */
  NONE,
  /** The trouble is made to appear on any host. */
  PRESENT,
  /** The trouble is kept away on any host. */
  ABSENT;

  /** For people: what was done, in a sentence; empty for {@link #NONE}. */
  public String sentence() {
    return switch (this) {
      case NONE -> "";
      case PRESENT -> "This was a trial of the experiment: the trouble was planted.";
      case ABSENT -> "This was a trial of the experiment: the trouble was kept away.";
    };
  }

  /** As the command line and the JSON name it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
