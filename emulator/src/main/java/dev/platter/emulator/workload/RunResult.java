package dev.platter.emulator.workload;

import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * What one run of a workload did.
 *
 * @param elapsedNanos wall-clock time of the measured part
 * @param latencyNanos from submission to the completion's interrupt being handled (raw: its CQE)
 * @param requests requests completed in the measured part
 * @param bytes bytes transferred in the measured part
 * @param partial whether it was cancelled before its end
 * @param verification what was found out about the sectors that were read; null if none were looked
 *     at
 */
public record RunResult(
    long elapsedNanos,
    Histogram latencyNanos,
    long requests,
    long bytes,
    boolean partial,
    @Nullable Verification verification) {
  /** A run that verifies nothing. */
  public RunResult(
      long elapsedNanos, Histogram latencyNanos, long requests, long bytes, boolean partial) {
    this(elapsedNanos, latencyNanos, requests, bytes, partial, null);
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
