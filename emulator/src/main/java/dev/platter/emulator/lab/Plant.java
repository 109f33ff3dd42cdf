package dev.platter.emulator.lab;

import java.util.Locale;

/**
 * What is done to an experiment so that its answer is known beforehand: to see that the verdict
 * follows what is there.
 */
public enum Plant {
  /** Nothing: the host is looked at as it is. */
  NONE,
  /** The trouble is there, whatever the host. */
  PRESENT,
  /** The trouble is not there, whatever the host. */
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
