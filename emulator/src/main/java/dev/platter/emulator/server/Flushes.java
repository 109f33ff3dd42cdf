package dev.platter.emulator.server;

import dev.platter.emulator.export.EventLog;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Makes the disks of exports stable, and remembers whether one could not be. Any thread. */
final class Flushes {
  private final EventLog log;
  private final Assembly assembly;
  private final ChangeLocks locks;
  private volatile boolean failed;

  /** None has failed yet. */
  Flushes(EventLog log, Assembly assembly, ChangeLocks locks) {
    this.log = log;
    this.assembly = assembly;
    this.locks = locks;
  }

  /** Whether one has failed. */
  boolean failed() {
    return failed;
  }

  /**
   * Flushes exports at once, each with its lock held; exports that were removed meanwhile are left
   * out.
   *
   * @param over whether to wait no more
   * @return whether all are flushed
   */
  boolean flushAll(List<ServedExport> exports, BooleanSupplier over) {
    boolean stable =
        ExportTask.all(
            "flush",
            exports,
            locks,
            over,
            export -> !assembly.exports().contains(export) || export.flush(log));
    if (!stable && !over.getAsBoolean()) {
      failed = true;
    }
    return stable;
  }

  /** Flushes exports whose locks the caller holds, one by one; returns whether all are flushed. */
  boolean flush(List<ServedExport> exports) {
    boolean stable = true;
    for (ServedExport export : exports) {
      stable &= export.flush(log);
    }
    if (!stable) {
      failed = true;
    }
    return stable;
  }

  /**
   * Ends the service of all exports, as {@link Assembly#endServing} does.
   *
   * @param tellAfterNanos how long one may take before the log is told
   */
  void endServing(long tellAfterNanos) {
    if (!assembly.endServing(locks, tellAfterNanos)) {
      failed = true;
    }
  }
}
