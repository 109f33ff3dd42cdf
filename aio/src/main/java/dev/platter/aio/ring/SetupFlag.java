package dev.platter.aio.ring;

import dev.platter.aio.abi.IoUringAbi;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** An io_uring_setup(2) flag that Platter may ask for, oldest kernel first. */
public enum SetupFlag {
  /** One bad SQE does not stop the submission of those behind it. */
  SUBMIT_ALL(IoUringAbi.SETUP_SUBMIT_ALL, "5.18"),
  /** Completion work waits for the task to enter the kernel instead of interrupting it. */
  COOP_TASKRUN(IoUringAbi.SETUP_COOP_TASKRUN, "5.19"),
  /** The kernel shows such waiting work in the SQ flags, for programs that poll from user space. */
  TASKRUN_FLAG(IoUringAbi.SETUP_TASKRUN_FLAG, "5.19"),
  /** Only the task that created the ring enters it. */
  SINGLE_ISSUER(IoUringAbi.SETUP_SINGLE_ISSUER, "6.0"),
  /** Completion work runs only when that task waits for events. */
  DEFER_TASKRUN(IoUringAbi.SETUP_DEFER_TASKRUN, "6.1"),
  /** No index array between SQ ring and SQEs. */
  NO_SQARRAY(IoUringAbi.SETUP_NO_SQARRAY, "6.6");

  private final int bit;
  private final String sinceKernel;

  SetupFlag(int bit, String sinceKernel) {
    this.bit = bit;
    this.sinceKernel = sinceKernel;
  }

  /** The flag's bit in io_uring_params.flags. */
  public int bit() {
    return bit;
  }

  /** The first kernel that has it. */
  public String sinceKernel() {
    return sinceKernel;
  }

  /**
   * The other flag that must be set for a new enough kernel to take this flag; null if there is
   * none.
   */
  @Nullable String missingPrerequisite(Set<SetupFlag> others) {
    return switch (this) {
      case DEFER_TASKRUN -> others.contains(SINGLE_ISSUER) ? null : "needs SINGLE_ISSUER";
      case TASKRUN_FLAG ->
          others.contains(COOP_TASKRUN) || others.contains(DEFER_TASKRUN)
              ? null
              : "needs COOP_TASKRUN or DEFER_TASKRUN";
      default -> null;
    };
  }

  /** The flags with which this one can be probed alone. */
  Set<SetupFlag> probeSet() {
    return switch (this) {
      case DEFER_TASKRUN -> EnumSet.of(SINGLE_ISSUER, DEFER_TASKRUN);
      case TASKRUN_FLAG -> EnumSet.of(COOP_TASKRUN, TASKRUN_FLAG);
      default -> EnumSet.of(this);
    };
  }

  /** The bits of a set of flags. */
  static int bits(Set<SetupFlag> flags) {
    int bits = 0;
    for (SetupFlag flag : flags) {
      bits |= flag.bit;
    }
    return bits;
  }
}
