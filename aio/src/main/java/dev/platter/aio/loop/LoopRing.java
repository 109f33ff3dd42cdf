package dev.platter.aio.loop;

import dev.platter.aio.abi.IoUringAbi;
import dev.platter.aio.access.RingAccess;
import dev.platter.aio.ring.CompletionQueue;
import dev.platter.aio.ring.Ring;
import dev.platter.aio.ring.SetupFlag;
import dev.platter.aio.ring.SubmissionQueue;
import java.util.Set;

/**
 * The ring of a loop, and what its flags and features mean for the way the loop waits. Replaced by
 * another ring each time the loop resumes. The loop's own thread opens and closes it.
 */
final class LoopRing {
  private static final int ATTENTION = IoUringAbi.SQ_TASKRUN | IoUringAbi.SQ_CQ_OVERFLOW;

  private final AioConfig config;
  private Ring ring;
  private SubmissionQueue sq;
  private CompletionQueue cq;
  private boolean hasNoIowait;
  private boolean hidesTaskWork;

  /**
   * Opens a ring of the calling thread, and limits the thread's workers.
   *
   * @throws dev.platter.aio.PlatterException if the kernel refuses a ring
   */
  LoopRing(AioConfig config) {
    this.config = config;
    open();
  }

  /**
   * Opens a ring in place of the one that was closed.
   *
   * @throws dev.platter.aio.PlatterException if the kernel refuses it; nothing has changed then
   */
  final void open() {
    ring = RingAccess.open(config.entries(), config.flags());
    sq = ring.submission();
    cq = ring.completion();
    hasNoIowait =
        ring.hasFeature(IoUringAbi.FEAT_NO_IOWAIT)
            && !config.ablations().contains(Ablation.NO_IOWAIT);
    hidesTaskWork = hidesTaskWork(ring.granted());
    if (config.maxWorkers() > 0) {
      int _ = ring.limitWorkers(config.maxWorkers(), config.maxWorkers()); // not before Linux 5.15
    }
  }

  /** Gives the ring back, with nothing in flight. */
  void close() {
    ring.close();
  }

  Ring ring() {
    return ring;
  }

  SubmissionQueue sq() {
    return sq;
  }

  CompletionQueue cq() {
    return cq;
  }

  /** Whether a wait can be told not to count as waiting for I/O. */
  boolean hasNoIowait() {
    return hasNoIowait;
  }

  /** Whether completion work may wait for the next enter with no flag in memory to show it. */
  boolean hidesTaskWork() {
    return hidesTaskWork;
  }

  private static boolean hidesTaskWork(Set<SetupFlag> granted) {
    return (granted.contains(SetupFlag.COOP_TASKRUN) || granted.contains(SetupFlag.DEFER_TASKRUN))
        && !granted.contains(SetupFlag.TASKRUN_FLAG);
  }

  /** Whether the kernel shows that it has something to do in the next enter. */
  boolean needsAttention() {
    return (sq.flags() & ATTENTION) != 0;
  }
}
