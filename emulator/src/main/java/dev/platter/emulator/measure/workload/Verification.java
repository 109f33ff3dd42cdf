package dev.platter.emulator.measure.workload;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.text.Units;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * Compares sectors with their expected contents, counts them, and keeps the first wrong ones. A
 * right sector allocates nothing. Not thread-safe.
 */
public final class Verification {
  private static final int SHOWN = 5;

  /** The rule for a sector's contents. */
  public enum Rule {
    /** Exactly the expected write. */
    EXACT,
    /** The expected write or a later one, because a write may survive without a flush. */
    AT_LEAST,
    /**
     * Where a write is expected, exactly that; elsewhere a whole write of any run to this place.
     */
    ANY_RUN
  }

  /**
   * A wrong sector.
   *
   * @param offsetBytes its offset on the disk
   * @param expectedWrite the number of the write that it must hold; 0 if there is none
   * @param holds its contents, in words
   */
  public record WrongSector(long offsetBytes, SectorFault fault, long expectedWrite, String holds) {
    @Override
    public String toString() {
      return "offset "
          + offsetBytes
          + ": "
          + fault
          + ", "
          + holds
          + (expectedWrite == 0 ? "" : ", expected write " + expectedWrite);
    }
  }

  private final RunIdentity run;
  private final Rule rule;
  private final Map<SectorFault, Long> wrong = new EnumMap<>(SectorFault.class);
  private final List<WrongSector> first = new ArrayList<>();
  private long sectors;
  private boolean cutShort;
  private long wrongSectors;

  /**
   * Creates an empty verification.
   *
   * @param run the run whose writes are expected
   */
  public Verification(RunIdentity run, Rule rule) {
    this.run = run;
    this.rule = rule;
  }

  /**
   * Compares a sector.
   *
   * @param at where it lies in {@code memory}
   * @param offset its offset on the disk, in bytes
   * @param wanted the number of the write that it must hold; 0 if any write will do. The sector is
   *     then only counted if it is wrong, except with {@link Rule#ANY_RUN}
   */
  public void check(MemorySegment memory, long at, long offset, int wanted) {
    if (wanted == 0 && rule != Rule.ANY_RUN) {
      if (SectorPattern.run(memory, at) == run.value()
          && SectorPattern.offset(memory, at) != offset
          && SectorPattern.isWhole(memory, at)) {
        sectors++;
        isWrong(offset, SectorFault.MISPLACED, 0, writeElsewhere(memory, at));
      }
      return;
    }
    sectors++;
    if (!SectorPattern.isWhole(memory, at)) {
      notWhole(memory, at, offset, wanted);
      return;
    }
    long generation = SectorPattern.generation(memory, at);
    boolean ours = SectorPattern.run(memory, at) == run.value();
    if (!ours && wanted != 0) {
      isWrong(
          offset,
          SectorFault.STALE,
          wanted,
          "holds write "
              + generation
              + " of run "
              + new RunIdentity(SectorPattern.run(memory, at)));
    } else if (SectorPattern.offset(memory, at) != offset) {
      isWrong(offset, SectorFault.MISPLACED, wanted, writeElsewhere(memory, at));
    } else if (wanted != 0 && generation < wanted) {
      isWrong(offset, SectorFault.LOST, wanted, "holds write " + generation);
    } else if (wanted != 0 && generation > wanted && rule != Rule.AT_LEAST) {
      isWrong(offset, SectorFault.UNACKNOWLEDGED, wanted, "holds write " + generation);
    }
  }

  private static String writeElsewhere(MemorySegment memory, long at) {
    return "holds write "
        + SectorPattern.generation(memory, at)
        + " to offset "
        + SectorPattern.offset(memory, at);
  }

  private void notWhole(MemorySegment memory, long at, long offset, int wanted) {
    if (SectorPattern.isZero(memory, at)) {
      isWrong(offset, SectorFault.LOST, wanted, "holds zeroes");
    } else if (SectorPattern.namesNoRun(memory, at)) {
      isWrong(offset, SectorFault.STALE, wanted, "holds a write of an earlier Platter");
    } else if (SectorPattern.hasPiece(memory, at)) {
      isWrong(offset, SectorFault.TORN, wanted, "holds a part of a write");
    } else {
      isWrong(offset, SectorFault.FOREIGN, wanted, "holds data of no run");
    }
  }

  /** Counts a sector beyond the disk's end. */
  void beyondTheEnd(long offset, int wanted) {
    sectors++;
    isWrong(offset, SectorFault.LOST, wanted, "is beyond the image's end");
  }

  private void isWrong(long offset, SectorFault fault, int wanted, String holds) {
    wrongSectors++;
    wrong.merge(fault, 1L, Long::sum);
    if (first.size() < SHOWN) {
      first.add(new WrongSector(offset, fault, wanted, holds));
    }
  }

  /** The run whose writes are expected. */
  public RunIdentity run() {
    return run;
  }

  /** How many sectors were compared, wrong ones included. */
  public long sectors() {
    return sectors;
  }

  /** Says that the comparison ends early. */
  void cutShort() {
    cutShort = true;
  }

  /** Whether the comparison ended early. */
  public boolean isCutShort() {
    return cutShort;
  }

  /** How many sectors have a fault. */
  public long wrong(SectorFault fault) {
    return wrong.getOrDefault(fault, 0L);
  }

  /** How many sectors are wrong. */
  public long wrong() {
    return wrongSectors;
  }

  /** The first wrong sectors that were found. */
  public List<WrongSector> firstWrong() {
    return Collections.unmodifiableList(first);
  }

  /** A verification of the same run by the same rule that has compared nothing. */
  public Verification empty() {
    return new Verification(run, rule);
  }

  /** Adds the results of another verification. */
  public void add(Verification other) {
    sectors += other.sectors;
    cutShort |= other.cutShort;
    wrongSectors += other.wrongSectors;
    other.wrong.forEach((fault, count) -> wrong.merge(fault, count, Long::sum));
    for (WrongSector sector : other.first) {
      if (first.size() < SHOWN) {
        first.add(sector);
      }
    }
  }

  /**
   * The failure that describes the wrong sectors.
   *
   * @return null if no sector is wrong
   */
  public @Nullable PlatterException failure() {
    long all = wrong();
    if (all == 0) {
      return null;
    }
    StringJoiner kinds = new StringJoiner(", ");
    for (SectorFault fault : SectorFault.values()) {
      if (wrong(fault) > 0) {
        kinds.add(Units.count(wrong(fault)) + " " + fault);
      }
    }
    StringBuilder text = new StringBuilder("verification failed: ");
    text.append(Units.count(all)).append(" of ").append(Units.count(sectors));
    text.append(all == 1 ? " sectors is wrong (" : " sectors are wrong (").append(kinds);
    text.append(")");
    first.forEach(sector -> text.append("\n  ").append(sector));
    if (all > first.size()) {
      text.append("\n  and ").append(Units.count(all - first.size())).append(" more");
    }
    return PlatterException.failed(
        text.toString(), "docs/bench.md, which says what each of these words means");
  }
}
