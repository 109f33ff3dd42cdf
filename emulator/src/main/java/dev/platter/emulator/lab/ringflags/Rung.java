package dev.platter.emulator.lab.ringflags;

import dev.platter.aio.ring.SetupFlag;
import dev.platter.emulator.measure.workload.Bench;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A step of the ladder of ring flags, which adds flags to the steps before it. */
enum Rung {
  NONE("none"),
  SINGLE_ISSUER("SINGLE_ISSUER"),
  TASKRUN("+COOP_TASKRUN|TASKRUN_FLAG"),
  NO_SQARRAY("+NO_SQARRAY"),
  DEFER_TASKRUN("+DEFER_TASKRUN");

  private final String label;

  Rung(String label) {
    this.label = label;
  }

  /** The flags that this step adds. */
  Set<SetupFlag> added() {
    return switch (this) {
      case NONE -> Set.of();
      case SINGLE_ISSUER -> Set.of(SetupFlag.SINGLE_ISSUER);
      case TASKRUN -> Set.of(SetupFlag.COOP_TASKRUN, SetupFlag.TASKRUN_FLAG);
      case NO_SQARRAY -> Set.of(SetupFlag.NO_SQARRAY);
      case DEFER_TASKRUN -> Set.of(SetupFlag.DEFER_TASKRUN);
    };
  }

  /** All flags up to here. SUBMIT_ALL is in all steps, as it changes errors and not speed. */
  Set<SetupFlag> flags() {
    EnumSet<SetupFlag> flags = EnumSet.of(SetupFlag.SUBMIT_ALL);
    for (Rung rung : values()) {
      if (rung.compareTo(this) <= 0) {
        flags.addAll(rung.added());
      }
    }
    return flags;
  }

  /**
   * The published gain over no flags, in percent; null where none was published. Published for
   * QEMU, fio in a guest with 4 vCPUs, virtio-blk on one IOThread, local NVMe.
   */
  @Nullable Double publishedPercent(Bench.Pattern pattern, int depth) {
    return switch (this) {
      case SINGLE_ISSUER -> percent(pattern, depth, 0.33, 0.12, -0.11, -0.2);
      case TASKRUN -> percent(pattern, depth, 2.1, -0.012, 2.8, -0.29);
      case NO_SQARRAY -> percent(pattern, depth, 5.7, -0.026, 5.5, 0.18);
      case NONE, DEFER_TASKRUN -> null;
    };
  }

  private static @Nullable Double percent(
      Bench.Pattern pattern,
      int depth,
      double read1,
      double read64,
      double write1,
      double write64) {
    return switch (depth) {
      case 1 -> pattern.writes() ? write1 : read1;
      case 64 -> pattern.writes() ? write64 : read64;
      default -> null;
    };
  }

  /** As tables name it. */
  @Override
  public String toString() {
    return label;
  }
}
