package dev.platter.emulator.measure.stages;

import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.aio.trace.Timeline.Wake;
import dev.platter.devices.block.meter.Operation;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A copy of one request's timeline with its gaps closed: the stations that the request passed, in
 * order of time. The stages between them add up to the whole exactly. The record is reused.
 */
final class RequestRecord {
  private static final Stamp[] STAMPS = Stamp.values();

  private Operation operation = Operation.READ;
  private long offsetBytes;
  private long lengthBytes;
  private long beginNanos;
  private int passed;
  private int clamped;
  private int firstOrdinal;
  private int lastOrdinal;
  private final long[] sinceBegin = new long[Stamp.COUNT];
  private final long[] stageNanos = new long[Stamp.COUNT];
  private boolean asleepWhenQueued;
  private boolean notified;
  private boolean waitedForRoom;
  private boolean sleptOnReady;
  private Wake wake = Wake.NONE;
  private @Nullable String lockHolder;
  private long lockHeldNanos;
  private long unseenNanos;

  /**
   * Copies a timeline.
   *
   * @param from the first station that counts
   * @return whether there is a stage at all: two stations
   */
  boolean set(Timeline t, Stamp from, Operation operation, long offsetBytes, long lengthBytes) {
    this.operation = operation;
    this.offsetBytes = offsetBytes;
    this.lengthBytes = lengthBytes;
    asleepWhenQueued = t.asleepWhenQueued();
    notified = t.notified();
    waitedForRoom = t.waitedForRoom();
    sleptOnReady = t.sleptOnReady();
    wake = t.wake();
    lockHolder = t.lockHolder();
    lockHeldNanos = t.lockHeldNanos();
    unseenNanos = t.unseenNanos();
    return closeGaps(t, from.index());
  }

  private boolean closeGaps(Timeline t, int from) {
    passed = 0;
    clamped = 0;
    for (int i = from; i < STAMPS.length; i++) {
      if (t.has(STAMPS[i])) {
        passed |= 1 << i;
      }
    }
    if (Integer.bitCount(passed) < 2) {
      return false;
    }
    firstOrdinal = Integer.numberOfTrailingZeros(passed);
    lastOrdinal = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(passed);
    beginNanos = t.at(STAMPS[firstOrdinal]);
    long whole = Math.max(0, t.at(STAMPS[lastOrdinal]) - beginNanos);
    long before = 0;
    for (int i = firstOrdinal; i <= lastOrdinal; i++) {
      if ((passed & 1 << i) == 0) {
        continue;
      }
      long stamped = t.at(STAMPS[i]) - beginNanos;
      long at = Math.clamp(stamped, before, whole);
      if (at != stamped) {
        clamped |= 1 << i;
      }
      sinceBegin[i] = at;
      stageNanos[i] = at - before;
      before = at;
    }
    return true;
  }

  /** Whether a station was passed. */
  boolean passed(Stamp stamp) {
    return (passed & 1 << stamp.index()) != 0;
  }

  /** Whether a stage exists: its end was passed and is not the request's first station. */
  boolean hasStage(Stamp end) {
    return passed(end) && end.index() != firstOrdinal;
  }

  /** How long the stage that ends at a stamp took; only if {@link #hasStage}. */
  long stageNanos(Stamp end) {
    return stageNanos[end.index()];
  }

  /** When the stage that ends at a stamp began. */
  long stageBeginNanos(Stamp end) {
    return stageEndNanos(end) - stageNanos(end);
  }

  /** When the stage that ends at a stamp ended. */
  long stageEndNanos(Stamp end) {
    return beginNanos + sinceBegin[end.index()];
  }

  /** Bits, by index, of the stations whose stamps were out of order. */
  int clamped() {
    return clamped;
  }

  /** When the first station was passed. */
  long beginNanos() {
    return beginNanos;
  }

  /** When the last station was passed. */
  long endNanos() {
    return beginNanos + endToEndNanos();
  }

  /** From the first station to the last: the sum of the stages. */
  long endToEndNanos() {
    return sinceBegin[lastOrdinal];
  }

  /** The operation as the JSON names it. */
  String operationName() {
    return operation.name().toLowerCase(Locale.ROOT);
  }

  Operation operation() {
    return operation;
  }

  long offsetBytes() {
    return offsetBytes;
  }

  long lengthBytes() {
    return lengthBytes;
  }

  boolean asleepWhenQueued() {
    return asleepWhenQueued;
  }

  boolean notified() {
    return notified;
  }

  boolean waitedForRoom() {
    return waitedForRoom;
  }

  boolean sleptOnReady() {
    return sleptOnReady;
  }

  Wake wake() {
    return wake;
  }

  @Nullable String lockHolder() {
    return lockHolder;
  }

  long lockHeldNanos() {
    return lockHeldNanos;
  }

  long unseenNanos() {
    return unseenNanos;
  }
}
