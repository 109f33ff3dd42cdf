package dev.platter.emulator.lab.punting;

import org.jspecify.annotations.Nullable;

/**
 * How many of some writes were punted, counted in two ways on two files of the same kind.
 *
 * @param writes how many writes there were each time
 * @param traced how many the kernel's tracepoint saw; null if it cannot be read
 * @param refused how often RWF_NOWAIT was answered with EAGAIN; null if the file system has none
 * @param ticks ticks of the kernel's clock that the slower of them took
 */
record PuntCount(int writes, @Nullable Integer traced, @Nullable Integer refused, long ticks) {
  private static final double FEW = 0.10;

  private enum Part {
    NONE,
    FEW,
    MANY
  }

  /** What must allocate is punted always; xfs punts one in each tick of the clock. */
  private Part part(int count) {
    if (count == 0) {
      return Part.NONE;
    }
    boolean few = count <= writes * FEW || (count <= writes / 2 && count <= ticks + 1);
    return few ? Part.FEW : Part.MANY;
  }

  /** How many, by the tracepoint if it can be read; null if neither way works. */
  @Nullable Integer punts() {
    return traced != null ? traced : refused;
  }

  /** {@link #punts} as a part of all writes; null if neither way works. */
  @Nullable Double share() {
    Integer count = punts();
    return count == null ? null : (double) count / writes;
  }

  /** Whether more than a few were: the kind of write is punted, and not just one now and then. */
  boolean many() {
    Integer count = punts();
    return count != null && part(count) == Part.MANY;
  }

  /** Whether a few were, and not more. */
  boolean few() {
    Integer count = punts();
    return count != null && part(count) == Part.FEW;
  }

  /** Whether both ways say the same: the same number, or each a few; null without two. */
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
