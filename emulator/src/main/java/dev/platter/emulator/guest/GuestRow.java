package dev.platter.emulator.guest;

import dev.platter.aio.loop.LoopStats;
import dev.platter.aio.sys.CpuTime;
import dev.platter.emulator.guest.GuestRun.Target;
import dev.platter.emulator.guest.GuestRun.Workload;
import dev.platter.emulator.host.Scheduling;
import dev.platter.emulator.measure.stages.StageRun;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** All runs of one workload on one disk in a guest. */
public final class GuestRow {
  /**
   * One run.
   *
   * @param number the run's number: runs with the same number were made in the same machine, one
   *     after the other
   * @param guest the row that the guest printed
   * @param loop counters of the loop that did the I/O; null if the loop is not Platter's
   * @param stages the stages of the requests that the host sees; null if not recorded
   * @param hostCpu CPU time of this process meanwhile
   * @param qemuCpu CPU time of QEMU meanwhile: the vCPU, and its own disks
   * @param scheduling how the host treated vCPUs, QEMU's own threads, and those of Platter's disk
   */
  public record Run(
      int number,
      Map<String, Object> guest,
      LoopStats.@Nullable Snapshot loop,
      @Nullable StageRun stages,
      CpuTime hostCpu,
      Duration qemuCpu,
      Scheduling scheduling) {
    /** The same with another row of the guest's. */
    Run with(Map<String, Object> row) {
      return new Run(number, row, loop, stages, hostCpu, qemuCpu, scheduling);
    }

    /**
     * A number in the guest's row.
     *
     * @param path keys from the outside in
     * @return the number; NaN if it is missing
     */
    public double figure(String... path) {
      Object value = guest;
      for (String key : path) {
        if (!(value instanceof Map<?, ?> map)) {
          return Double.NaN;
        }
        value = map.get(key);
      }
      return value instanceof Number number ? number.doubleValue() : Double.NaN;
    }
  }

  private final Workload workload;
  private final Target target;
  private final List<Run> runs = new ArrayList<>();

  /** Starts an empty row. */
  public GuestRow(Workload workload, Target target) {
    this.workload = workload;
    this.target = target;
  }

  /** Adds a run. */
  public void add(Run run) {
    runs.add(run);
  }

  /** The workload. */
  public Workload workload() {
    return workload;
  }

  /** The disk. */
  public Target target() {
    return target;
  }

  /** The runs so far. */
  public List<Run> runs() {
    return runs;
  }
}
