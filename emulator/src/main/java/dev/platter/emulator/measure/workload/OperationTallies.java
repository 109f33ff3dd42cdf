package dev.platter.emulator.measure.workload;

import dev.platter.devices.block.meter.Operation;
import dev.platter.emulator.measure.stages.Latencies;
import dev.platter.emulator.measure.workload.RunResult.OperationResult;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** The figures of each operation since measuring began. For one thread. */
final class OperationTallies {
  /** The figures of one operation. */
  static final class Tally {
    final Histogram latency = Latencies.newHistogram();
    long requests;
    long bytes;

    private void reset() {
      latency.reset();
      requests = 0;
      bytes = 0;
    }
  }

  private final Tally[] tallies = new Tally[Operation.values().length];

  /** None has done anything. */
  OperationTallies() {
    for (int i = 0; i < tallies.length; i++) {
      tallies[i] = new Tally();
    }
  }

  /** The figures of an operation. */
  Tally of(Operation operation) {
    return tallies[BenchJob.index(operation)];
  }

  /** Measuring begins. */
  void reset() {
    for (Tally tally : tallies) {
      tally.reset();
    }
  }

  /**
   * The result of a run that ends now: sums are of all operations but flushes.
   *
   * @param partial whether it has ended before its time
   * @param ofJobs how many requests each job made
   * @param read what reads have found; null if nothing is verified by reading
   */
  RunResult result(
      long elapsedNanos, boolean partial, List<Long> ofJobs, @Nullable Verification read) {
    Histogram latency = Latencies.newHistogram();
    long requests = 0;
    long bytes = 0;
    Map<Operation, OperationResult> each = new EnumMap<>(Operation.class);
    for (Operation operation : Operation.values()) {
      Tally tally = of(operation);
      if (tally.requests == 0) {
        continue;
      }
      each.put(operation, new OperationResult(tally.latency.copy(), tally.requests, tally.bytes));
      if (operation != Operation.FLUSH) {
        latency.add(tally.latency);
        requests += tally.requests;
        bytes += tally.bytes;
      }
    }
    return new RunResult(
        elapsedNanos, latency, requests, bytes, partial, each, ofJobs, read, null, null);
  }
}
