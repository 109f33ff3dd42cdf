package dev.platter.emulator.measure.workload;

import java.util.Locale;

/** The faults of a sector, which docs/bench.md explains. */
public enum SectorFault {
  /** A write of this run is missing: the sector holds an older write of the run, or zeroes. */
  LOST,
  /** The sector holds a write of another run. */
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
