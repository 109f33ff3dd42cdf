package dev.platter.devices.block.meter;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;

/**
 * What has been asked of a disk so far, counted when requests complete. Immutable.
 *
 * @param operations what each operation has done; all of them are there
 * @param inFlight how many requests have begun and not completed, of all operations
 */
public record BlockUsage(Map<Operation, OperationUsage> operations, long inFlight) {
  /** A disk that nobody has used. */
  public static final BlockUsage NONE = new BlockUsage(perOperation(_ -> OperationUsage.NONE), 0);

  /**
   * What one operation has done.
   *
   * @param requests how many completed, whether they failed or not
   * @param bytes how many bytes those covered that did not fail; 0 for flushes
   * @param errors how many of the requests failed, by kind; all kinds are there
   */
  public record OperationUsage(long requests, long bytes, Map<BlockError, Long> errors) {
    static final OperationUsage NONE = new OperationUsage(0, 0, perError(_ -> 0L));

    /** How many failed, of whatever kind. */
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

  /** What one operation has done. */
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
