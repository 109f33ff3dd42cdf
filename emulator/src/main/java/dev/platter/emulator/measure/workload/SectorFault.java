package dev.platter.emulator.measure.workload;

import java.util.Locale;

/** What is wrong with a sector; docs/bench.md tells people. */
public enum SectorFault {
  /** A write of this run is not there: the sector holds an older one of the run's, or zeroes. */
  LOST,
  /** The sector holds what another run has written. */
  STALE,
  /** The sector holds a part of a write only: writes are mixed, or bytes are damaged. */
  TORN,
  /** The sector holds a write of this run that belongs to another place. */
  MISPLACED,
  /** The sector holds data that no run has written. */
  FOREIGN,
  /** The sector holds a write of this run that has never been acknowledged. */
  UNACKNOWLEDGED;

  /** As messages and JSON name it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
