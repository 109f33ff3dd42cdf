package dev.platter.emulator.measure.workload;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.meter.Operation;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * The figures of one run of a workload. Requests, bytes and latencies count transfers only, and no
 * flushes.
 *
 * @param elapsedNanos wall-clock time of the measured part
 * @param latencyNanos from submission to the completion's interrupt being handled (raw: its CQE)
 * @param requests requests completed in the measured part
 * @param bytes bytes transferred in the measured part
 * @param partial whether it was cancelled or failed before its end
 * @param operations figures of each operation, also of flushes; empty if the workload does not tell
 *     operations apart
 * @param jobRequests requests completed in the measured part by each job; empty without jobs
 * @param verification the result of comparing the sectors that were read; null if none were
 *     compared
 * @param unanswered requests that the disk did not answer, which are in none of the figures; null
 *     if it answered all
 * @param failure the failure that ended the run after these figures; null if nothing failed
 */
public record RunResult(
    long elapsedNanos,
    Histogram latencyNanos,
    long requests,
    long bytes,
    boolean partial,
    Map<Operation, OperationResult> operations,
    List<Long> jobRequests,
    @Nullable Verification verification,
    @Nullable UnansweredRequests unanswered,
    @Nullable PlatterException failure) {
  /**
   * The figures of one operation.
   *
   * @param latencyNanos as of all requests
   * @param requests completed in the measured part
   * @param bytes transferred, or given up by trims, in the measured part; 0 for flushes
   */
  public record OperationResult(Histogram latencyNanos, long requests, long bytes) {}

  /** Copies the collections; operations are in the order of the enum. */
  public RunResult {
    EnumMap<Operation, OperationResult> copy = new EnumMap<>(Operation.class);
    copy.putAll(operations);
    operations = Collections.unmodifiableMap(copy);
    jobRequests = List.copyOf(jobRequests);
  }

  /** A run of one operation by one job that verifies nothing. */
  public RunResult(
      long elapsedNanos, Histogram latencyNanos, long requests, long bytes, boolean partial) {
    this(
        elapsedNanos,
        latencyNanos,
        requests,
        bytes,
        partial,
        Map.of(),
        List.of(),
        null,
        null,
        null);
  }

  /** The same figures as those of a run that a failure has ended: they are partial. */
  RunResult endedBy(PlatterException cause) {
    return with(true, unanswered, cause);
  }

  /** The same figures with requests that were left in flight, or null. */
  RunResult leaving(@Nullable UnansweredRequests inFlight) {
    return with(partial, inFlight, failure);
  }

  private RunResult with(
      boolean early, @Nullable UnansweredRequests inFlight, @Nullable PlatterException cause) {
    return new RunResult(
        elapsedNanos,
        latencyNanos,
        requests,
        bytes,
        early,
        operations,
        jobRequests,
        verification,
        inFlight,
        cause);
  }

  /** Whether the run measured a request or compared a sector. */
  public boolean hasMeasured() {
    return requests > 0 || (verification != null && verification.sectors() > 0);
  }

  /** Requests per second. */
  public double iops() {
    return requests * 1e9 / elapsedNanos;
  }

  /** Bytes per second. */
  public double bytesPerSecond() {
    return bytes * 1e9 / elapsedNanos;
  }
}
