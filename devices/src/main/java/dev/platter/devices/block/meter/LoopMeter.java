package dev.platter.devices.block.meter;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The counters of one disk on one loop. Written on that loop (for the main loop: under the big
 * lock) by plain additions, read by any thread without stopping it; no locked instruction, no
 * allocation.
 */
public final class LoopMeter {
  private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(long[].class);
  private static final int OPERATIONS = Operation.values().length;

  // Another loop's counters must not share a cache line with these.
  private static final int PADDING = 16;

  private static final int BEGUN = PADDING;
  // Cells of each operation: requests, bytes, and the errors of each kind.
  private static final int FIRST = BEGUN + 1;
  private static final int BYTES = 1;
  private static final int ERRORS = 2;
  private static final int STRIDE = ERRORS + BlockError.values().length;
  private static final int SIZE = FIRST + OPERATIONS * STRIDE + PADDING;

  // With latencies: a distribution for each operation, then that of the depth; each has its sum,
  // then its counts.
  private static final int LATENCY_STRIDE = 1 + Buckets.LATENCY_NANOS.count();
  private static final int DEPTH = PADDING + OPERATIONS * LATENCY_STRIDE;
  private static final int MEASURED_SIZE = DEPTH + 1 + Buckets.DEPTH.count() + PADDING;

  private final long[] counts = new long[SIZE];
  private final long[] measured;
  private final boolean measures;

  /**
   * Creates a meter without counts.
   *
   * @param measures whether to measure latencies and depths as well
   */
  LoopMeter(boolean measures) {
    this.measures = measures;
    this.measured = measures ? new long[MEASURED_SIZE] : new long[0];
  }

  @SuppressWarnings("EnumOrdinal") // only these arrays depend on the order
  private static int index(Enum<?> constant) {
    return constant.ordinal();
  }

  private static void add(long[] cells, int index, long amount) {
    CELL.setOpaque(cells, index, cells[index] + amount);
  }

  // ---- the loop's side -----------------------------------------------------------------------

  /**
   * Counts the beginning of a request.
   *
   * @return the time, for {@link #finished}; 0 if latencies are not measured
   */
  public long begun() {
    add(counts, BEGUN, 1);
    if (!measures) {
      return 0;
    }
    long depth = counts[BEGUN] - finishedPlain();
    add(measured, DEPTH + 1 + Buckets.DEPTH.of(depth), 1);
    add(measured, DEPTH, depth);
    return System.nanoTime();
  }

  private long finishedPlain() {
    long finished = 0;
    for (int operation = 0; operation < OPERATIONS; operation++) {
      finished += counts[FIRST + operation * STRIDE];
    }
    return finished;
  }

  /**
   * Counts the completion of a request.
   *
   * @param begunNanos what {@link #begun} has returned
   * @param result 0 or {@code -errno}
   */
  public void finished(Operation operation, long bytes, int result, long begunNanos) {
    int at = FIRST + index(operation) * STRIDE;
    if (result == 0) {
      add(counts, at + BYTES, bytes);
    } else {
      add(counts, at + ERRORS + index(BlockError.of(result)), 1);
    }
    if (measures) {
      long nanos = System.nanoTime() - begunNanos;
      int latencies = PADDING + index(operation) * LATENCY_STRIDE;
      add(measured, latencies + 1 + Buckets.LATENCY_NANOS.of(nanos), 1);
      add(measured, latencies, nanos);
    }
    // Last, with release: a reader that sees this completion also sees the beginning.
    CELL.setRelease(counts, at, counts[at] + 1);
  }

  // ---- anybody's side ------------------------------------------------------------------------

  private static long get(long[] cells, int index) {
    return (long) CELL.getOpaque(cells, index);
  }

  /** The counts now. */
  BlockUsage usage() {
    long finished = 0;
    long[] requests = new long[OPERATIONS];
    for (int operation = 0; operation < OPERATIONS; operation++) {
      requests[operation] = (long) CELL.getAcquire(counts, FIRST + operation * STRIDE);
      finished += requests[operation];
    }
    long inFlight = get(counts, BEGUN) - finished;
    return new BlockUsage(
        BlockUsage.perOperation(
            operation -> usageOf(FIRST + index(operation) * STRIDE, requests[index(operation)])),
        inFlight);
  }

  private BlockUsage.OperationUsage usageOf(int at, long requests) {
    return new BlockUsage.OperationUsage(
        requests,
        get(counts, at + BYTES),
        BlockUsage.perError(kind -> get(counts, at + ERRORS + index(kind))));
  }

  /** The latencies now; none if they are not measured. */
  BlockLatencies latencies() {
    if (!measures) {
      return BlockLatencies.NONE;
    }
    return new BlockLatencies(
        BlockLatencies.perOperation(operation ->
            distribution(Buckets.LATENCY_NANOS, PADDING + index(operation) * LATENCY_STRIDE)),
        distribution(Buckets.DEPTH, DEPTH));
  }

  private Distribution distribution(Buckets buckets, int at) {
    long[] each = new long[buckets.count()];
    for (int bucket = 0; bucket < each.length; bucket++) {
      each[bucket] = get(measured, at + 1 + bucket);
    }
    return new Distribution(buckets, each, get(measured, at));
  }
}
