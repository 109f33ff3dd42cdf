package dev.platter.emulator.serve;

import java.util.concurrent.TimeUnit;

/**
 * How a server works, whatever it serves.
 *
 * @param recordsStages whether the stages of each request's way are recorded, for {@link
 *     Server#takeStages}
 * @param recordsLatencies whether images keep histograms of latencies; counters they keep always
 * @param lockWaitNanos how long a start, or the addition of an export, waits for image locks that
 *     requests of a dead process hold
 * @param tellAfterNanos how long a removal, a stop or the like waits for a disk before the log is
 *     told
 */
public record ServerOptions(
    boolean recordsStages, boolean recordsLatencies, long lockWaitNanos, long tellAfterNanos) {
  /** Longer than most storage stalls; shorter than systemd bears a start. */
  public static final long LOCK_WAIT_NANOS = TimeUnit.SECONDS.toNanos(60);

  /** Measures nothing that costs anything. */
  public static final ServerOptions DEFAULT = new ServerOptions(false, false);

  /** One that tells of a slow disk as soon as {@link #DEFAULT}. */
  public ServerOptions(boolean recordsStages, boolean recordsLatencies, long lockWaitNanos) {
    this(recordsStages, recordsLatencies, lockWaitNanos, SlowWait.PATIENCE_NANOS);
  }

  /** One that is as patient as {@link #DEFAULT}. */
  public ServerOptions(boolean recordsStages, boolean recordsLatencies) {
    this(recordsStages, recordsLatencies, LOCK_WAIT_NANOS);
  }
}
