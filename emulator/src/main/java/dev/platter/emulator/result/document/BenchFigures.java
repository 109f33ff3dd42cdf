package dev.platter.emulator.result.document;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The figures of a row of {@code platter.bench/1}.
 *
 * @param operations by the operation's name
 */
public record BenchFigures(
    String device,
    String loop,
    long runs,
    boolean partial,
    RunRange iops,
    @Nullable Double iopsRatioToRaw,
    @Nullable PairRatios iopsRatioToRawPairs,
    Percentiles latencyUs,
    RunRange p50Us,
    @Nullable Double p50MinusRawUs,
    long bytesPerSecond,
    Map<String, OperationFigures> operations,
    @Nullable RunRange jobIops,
    @Nullable VerificationFacts verification,
    @Inline Costs costs) {
  /** What one operation did. */
  public record OperationFigures(
      long requests, double perSecond, long bytesPerSecond, Percentiles latencyUs) {}
}
