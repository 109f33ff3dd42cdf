package dev.platter.emulator.server.config;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How a server works, whatever it serves.
 *
 * @param recordsStages whether the stages of each request's way are recorded, for {@code
 *     takeStages} of the server
 * @param recordsLatencies whether images keep histograms of latencies; counters they keep always
 * @param lockWaitNanos how long a start, or the addition of an export, waits for image locks that
 *     requests of a dead process hold
 * @param tellAfterNanos how long a removal, a stop or the like waits for a disk before the log is
 *     told
 * @param ioWorkers how many io-wq workers the kernel may have at work for each loop, of each kind
 * @param memoryLimitBytes how much memory the process may use; null for as much as there is
 */
public record ServerOptions(
    boolean recordsStages,
    boolean recordsLatencies,
    long lockWaitNanos,
    long tellAfterNanos,
    int ioWorkers,
    @Nullable Long memoryLimitBytes) {
  /** Longer than most storage stalls; shorter than systemd bears a start. */
  public static final long LOCK_WAIT_NANOS = TimeUnit.SECONDS.toNanos(60);

  /** Longer than disks take that are well. */
  public static final long TELL_AFTER_NANOS = TimeUnit.SECONDS.toNanos(5);

  /**
   * Enough to keep a disk busy with flushes and what the page cache does not have; few enough that
   * the discards of one guest do not take the disk and the CPUs from others. The kernel's own limit
   * is four for each CPU.
   */
  public static final int IO_WORKERS = 16;

  /** Measures nothing that costs anything. */
  public static final ServerOptions DEFAULT = new ServerOptions(false, false);

  /** The same with another limit of waits for locks. */
  public ServerOptions withLockWait(long nanos) {
    return new ServerOptions(
        recordsStages, recordsLatencies, nanos, tellAfterNanos, ioWorkers, memoryLimitBytes);
  }

  /** The same with another time after which the log is told of slow disks. */
  public ServerOptions withTellAfter(long nanos) {
    return new ServerOptions(
        recordsStages, recordsLatencies, lockWaitNanos, nanos, ioWorkers, memoryLimitBytes);
  }

  /** The same with another limit of workers. */
  public ServerOptions withIoWorkers(int most) {
    return new ServerOptions(
        recordsStages, recordsLatencies, lockWaitNanos, tellAfterNanos, most, memoryLimitBytes);
  }

  /** The same with another limit of memory. */
  public ServerOptions withMemoryLimit(@Nullable Long bytes) {
    return new ServerOptions(
        recordsStages, recordsLatencies, lockWaitNanos, tellAfterNanos, ioWorkers, bytes);
  }

  /** One that is as patient as {@link #DEFAULT}. */
  public ServerOptions(boolean recordsStages, boolean recordsLatencies) {
    this(recordsStages, recordsLatencies, LOCK_WAIT_NANOS, TELL_AFTER_NANOS, IO_WORKERS, null);
  }
}
