package dev.platter.devices.block.meter;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;

/**
 * How long requests to a disk took, from submission to completion, and how many there were at a
 * time. Immutable.
 *
 * @param operations nanoseconds, in {@link Buckets#LATENCY_NANOS}; all operations are there
 * @param depth how many requests were in flight on the same disk and loop when a request began,
 *     itself included, in {@link Buckets#DEPTH}
 */
public record BlockLatencies(Map<Operation, Distribution> operations, Distribution depth) {
  /** The latencies of an unused disk. */
  public static final BlockLatencies NONE =
      new BlockLatencies(
          perOperation(_ -> Distribution.none(Buckets.LATENCY_NANOS)),
          Distribution.none(Buckets.DEPTH));

  /** The latencies of one operation. */
  public Distribution of(Operation operation) {
    return operations.getOrDefault(operation, Distribution.none(Buckets.LATENCY_NANOS));
  }

  /** The latencies of two disks together. */
  public BlockLatencies plus(BlockLatencies other) {
    return new BlockLatencies(
        perOperation(operation -> of(operation).plus(other.of(operation))),
        depth.plus(other.depth));
  }

  static Map<Operation, Distribution> perOperation(Function<Operation, Distribution> latencies) {
    Map<Operation, Distribution> all = new EnumMap<>(Operation.class);
    for (Operation operation : Operation.values()) {
      all.put(operation, latencies.apply(operation));
    }
    return Collections.unmodifiableMap(all);
  }
}
