package dev.platter.emulator.lab.punting;

import org.jspecify.annotations.Nullable;

/**
 * How many of some writes were punted, counted in two ways on two files of the same kind.
 *
 * @param writes how many writes there were each time
 * @param traced how many punts the kernel's tracepoint counted; null if it cannot be read
 * @param refused how many writes with RWF_NOWAIT got EAGAIN; null if the file system lacks that
 *     flag
 * @param ticks ticks of the kernel's clock during the slower of the two runs
 */
record PuntCount(int writes, @Nullable Integer traced, @Nullable Integer refused, long ticks) {
  private static final double FEW = 0.10;

  private enum Part {
    NONE,
    FEW,
    MANY
  }

  /** Writes that allocate are always punted; xfs punts one write in each tick of the clock. */
  private Part part(int count) {
    if (count == 0) {
      return Part.NONE;
    }
    boolean few = count <= writes * FEW || (count <= writes / 2 && count <= ticks + 1);
    return few ? Part.FEW : Part.MANY;
  }

  /**
   * How many writes were punted, by the tracepoint if it can be read; null if neither way works.
   */
  @Nullable Integer punts() {
    return traced != null ? traced : refused;
  }

  /** {@link #punts} as a part of all writes; null if neither way works. */
  @Nullable Double share() {
    Integer count = punts();
    return count == null ? null : (double) count / writes;
  }

  /** Whether many writes were punted, so that this kind of write is punted in general. */
  boolean many() {
    Integer count = punts();
    return count != null && part(count) == Part.MANY;
  }

  /** Whether a few writes were punted, and not more. */
  boolean few() {
    Integer count = punts();
    return count != null && part(count) == Part.FEW;
  }

  /** Whether both ways agree: on the number, or both on a few; null if only one way works. */
  @Nullable Boolean agree() {
    if (traced == null || refused == null) {
      return null;
    }
    return traced.equals(refused) || (part(traced) == Part.FEW && part(refused) == Part.FEW);
  }

  /** {@link #agree} for people. */
  @Nullable String agreement() {
    Boolean agreed = agree();
    return agreed == null || traced == null
        ? null
        : !agreed ? "no" : traced.equals(refused) ? "yes" : "both a few";
  }
}
