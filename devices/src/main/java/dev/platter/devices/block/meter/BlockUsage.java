package dev.platter.devices.block.meter;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;

/**
 * The counts of a disk's requests, made when requests complete. Immutable.
 *
 * @param operations the counts of each operation; every operation has an entry
 * @param inFlight how many requests are in flight, of all operations
 */
public record BlockUsage(Map<Operation, OperationUsage> operations, long inFlight) {
  /** The counts of an unused disk. */
  public static final BlockUsage NONE = new BlockUsage(perOperation(_ -> OperationUsage.NONE), 0);

  /**
   * The counts of one operation.
   *
   * @param requests how many completed, whether they failed or not
   * @param bytes how many bytes the successful requests covered; 0 for flushes
   * @param errors how many requests failed, by kind; every kind has an entry
   */
  public record OperationUsage(long requests, long bytes, Map<BlockError, Long> errors) {
    static final OperationUsage NONE = new OperationUsage(0, 0, perError(_ -> 0L));

    /** The number of failed requests, of all kinds. */
    public long failed() {
      return errors.values().stream().mapToLong(Long::longValue).sum();
    }

    OperationUsage plus(OperationUsage other) {
      return new OperationUsage(
          requests + other.requests,
          bytes + other.bytes,
          perError(kind -> errors.getOrDefault(kind, 0L) + other.errors.getOrDefault(kind, 0L)));
    }
  }

  /** The counts of one operation. */
  public OperationUsage of(Operation operation) {
    return operations.getOrDefault(operation, OperationUsage.NONE);
  }

  /** The sum of two disks' counts. */
  public BlockUsage plus(BlockUsage other) {
    return new BlockUsage(
        perOperation(operation -> of(operation).plus(other.of(operation))),
        inFlight + other.inFlight);
  }

  static Map<Operation, OperationUsage> perOperation(Function<Operation, OperationUsage> usage) {
    Map<Operation, OperationUsage> all = new EnumMap<>(Operation.class);
    for (Operation operation : Operation.values()) {
      all.put(operation, usage.apply(operation));
    }
    return Collections.unmodifiableMap(all);
  }

  static Map<BlockError, Long> perError(Function<BlockError, Long> count) {
    Map<BlockError, Long> all = new EnumMap<>(BlockError.class);
    for (BlockError kind : BlockError.values()) {
      all.put(kind, count.apply(kind));
    }
    return Collections.unmodifiableMap(all);
  }
}
