package dev.platter.emulator.measure.workload;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.BlockRequest.Operation;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * What one run of a workload did. Flushes are no part of requests, bytes and latencies: throughput
 * is that of the transfers.
 *
 * @param elapsedNanos wall-clock time of the measured part
 * @param latencyNanos from submission to the completion's interrupt being handled (raw: its CQE)
 * @param requests requests completed in the measured part
 * @param bytes bytes transferred in the measured part
 * @param partial whether it was cancelled or failed before its end
 * @param operations the same of each operation that there was, flushes too; empty if the workload
 *     makes no difference
 * @param jobRequests requests completed in the measured part by each job; empty without jobs
 * @param verification what was found out about the sectors that were read; null if none were looked
 *     at
 * @param unanswered what the disk did not answer, which is in none of the figures; null if it
 *     answered all
 * @param failure what ended it, after what is told here was measured; null if nothing failed
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
   * What one operation did.
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

  /** The same of a run that a failure has ended: it is partial. */
  RunResult endedBy(PlatterException cause) {
    return with(true, unanswered, cause);
  }

  /** The same of a run that has left something in flight, or nothing. */
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

  /** Whether there is anything to tell: a request that was measured, a sector that was compared. */
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
