package dev.platter.emulator.measure.workload;

import dev.platter.aio.loop.BigLock;
import dev.platter.aio.loop.LoopStats;
import dev.platter.aio.ring.SetupFlag;
import dev.platter.aio.sys.CpuTime;
import dev.platter.emulator.host.Scheduling;
import dev.platter.emulator.measure.stages.StageRun;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One run on one device: the workload's figures, and the costs of its measured part.
 *
 * @param result the workload's figures
 * @param loop the counters of the loop that does the device's I/O (several IOThreads: their sum)
 * @param lock the costs of the big lock
 * @param cpu CPU time of the whole process
 * @param scheduling how the host treated the loops and the vCPU
 * @param exits register accesses that took the big lock
 * @param ioEventFds stores that became eventfd writes
 * @param rings the rings of the loops that did the I/O
 * @param stages the stages of the requests' way, or null if they were not recorded
 */
public record MeasuredRun(
    RunResult result,
    LoopStats.Snapshot loop,
    BigLock.Stats lock,
    CpuTime cpu,
    Scheduling scheduling,
    long exits,
    long ioEventFds,
    List<RingFacts> rings,
    @Nullable StageRun stages) {
  /**
   * The flags of a loop's ring.
   *
   * @param loop the loop's name
   * @param granted flags that the kernel took
   * @param refused flags that the kernel refused, each with the reason
   */
  public record RingFacts(String loop, Set<SetupFlag> granted, Map<SetupFlag, String> refused) {}

  /** The same with another result. */
  public MeasuredRun with(RunResult other) {
    return new MeasuredRun(other, loop, lock, cpu, scheduling, exits, ioEventFds, rings, stages);
  }
}
