package dev.platter.emulator.measure.workload;

import dev.platter.aio.loop.BigLock;
import dev.platter.aio.loop.LoopStats;
import dev.platter.aio.sys.CpuTime;
import dev.platter.emulator.host.Scheduling;
import java.util.List;

/** Runs that nobody made. */
public final class MadeUpRuns {
  private MadeUpRuns() {}

  /** A run with a result, at the same made-up cost as every other. */
  public static MeasuredRun of(RunResult result) {
    return new MeasuredRun(
        result,
        new LoopStats.Snapshot(8, 5, 12, 10, 12, 0, 0, 0, 1, 3, 7),
        new BigLock.Stats(4, 1, 100, 200, 60),
        new CpuTime(1_000_000, 2_000_000),
        Scheduling.UNKNOWN,
        6,
        2,
        List.of(),
        null);
  }
}
