package dev.platter.devices.block;

import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.memory.IoVector;
import org.jspecify.annotations.Nullable;

/**
 * A slot for one request to a {@link BlockBackend}, allocated once by a device and reused. A device
 * subclasses it to keep its own state beside it.
 *
 * <p>Life: fill {@link #vector()}, call one {@code prepare} method, submit; after {@link
 * #completed} it may be prepared again. It belongs to one context at a time.
 */
public abstract class BlockRequest implements AutoCloseable {
  private final IoVector vector;
  private Operation operation = Operation.FLUSH;
  private long offsetBytes;
  private long lengthBytes;
  private boolean forceUnitAccess;
  private boolean mayUnmap;
  private boolean inFlight;
  private @Nullable AutoCloseable backendState;
  private @Nullable Timeline timeline;

  /**
   * Creates a slot whose vector has memory of its own.
   *
   * @param initialVectorEntries how many I/O vector elements to make room for at first
   */
  protected BlockRequest(int initialVectorEntries) {
    this.vector = new IoVector(initialVectorEntries);
  }

  /** Creates a slot whose vector lies in memory that its owner lends it ({@link IoVector#use}). */
  protected BlockRequest() {
    this.vector = new IoVector();
  }

  /**
   * The request is done. Called exactly once per submission, on the context it was submitted in;
   * the slot is free again when this is called.
   *
   * @param result 0, or {@code -errno}
   */
  protected abstract void completed(int result);

  /** The memory to read into or write from; the device fills it before {@code prepare}. */
  public final IoVector vector() {
    return vector;
  }

  /** A read of {@code vector().totalBytes()} bytes at {@code offsetBytes}. */
  public final void prepareRead(long offsetBytes) {
    prepare(Operation.READ, offsetBytes, vector.totalBytes(), false, false);
  }

  /**
   * A write of {@code vector().totalBytes()} bytes at {@code offsetBytes}.
   *
   * @param forceUnitAccess whether it must be on stable storage before it completes (FUA)
   */
  public final void prepareWrite(long offsetBytes, boolean forceUnitAccess) {
    prepare(Operation.WRITE, offsetBytes, vector.totalBytes(), forceUnitAccess, false);
  }

  /** A flush: every write completed before it is stable when it completes. */
  public final void prepareFlush() {
    prepare(Operation.FLUSH, 0, 0, false, false);
  }

  /** A discard: the range's contents no longer matter. */
  public final void prepareDiscard(long offsetBytes, long lengthBytes) {
    prepare(Operation.DISCARD, offsetBytes, lengthBytes, false, true);
  }

  /**
   * A write of zeroes.
   *
   * @param mayUnmap whether the range may be deallocated, if it still reads as zeroes
   */
  public final void prepareWriteZeroes(long offsetBytes, long lengthBytes, boolean mayUnmap) {
    prepare(Operation.WRITE_ZEROES, offsetBytes, lengthBytes, false, mayUnmap);
  }

  private void prepare(
      Operation operation, long offset, long length, boolean fua, boolean mayUnmap) {
    if (inFlight) {
      throw new IllegalStateException("request is in flight");
    }
    this.operation = operation;
    this.offsetBytes = offset;
    this.lengthBytes = length;
    this.forceUnitAccess = fua;
    this.mayUnmap = mayUnmap;
  }

  /** What the request does. */
  public final Operation operation() {
    return operation;
  }

  /** First byte on the disk. */
  public final long offsetBytes() {
    return offsetBytes;
  }

  /** Length on the disk in bytes. */
  public final long lengthBytes() {
    return lengthBytes;
  }

  /** Whether a write must be stable before it completes. */
  public final boolean forceUnitAccess() {
    return forceUnitAccess;
  }

  /** Whether zeroes may be written by deallocation. */
  public final boolean mayUnmap() {
    return mayUnmap;
  }

  /** Whether a backend has the request now. */
  public final boolean inFlight() {
    return inFlight;
  }

  /** For backends: takes the request. */
  public final void begin() {
    if (inFlight) {
      throw new IllegalStateException("request is in flight");
    }
    inFlight = true;
  }

  /** For backends: gives the request back to its device, with 0 or {@code -errno}. */
  public final void finish(int result) {
    if (!inFlight) {
      throw new IllegalStateException("request is not in flight");
    }
    inFlight = false;
    completed(result);
  }

  /** Where this slot's requests leave their stamps, or null. */
  public final @Nullable Timeline timeline() {
    return timeline;
  }

  /**
   * Sets where this slot's requests leave their stamps, null for nowhere; it must not be in flight.
   */
  public final void setTimeline(@Nullable Timeline timeline) {
    if (inFlight) {
      throw new IllegalStateException("request is in flight");
    }
    this.timeline = timeline;
  }

  /**
   * For the backend that does the transfer: its own per-slot state, made at the first submission.
   */
  public final @Nullable AutoCloseable backendState() {
    return backendState;
  }

  /** For the backend that does the transfer: keeps its per-slot state for the next submission. */
  public final void setBackendState(AutoCloseable state) {
    backendState = state;
  }

  /** Frees the slot's memory; it must not be in flight. Idempotent. */
  @Override
  public final void close() {
    if (inFlight) {
      throw new IllegalStateException("request is in flight");
    }
    if (backendState != null) {
      try {
        backendState.close();
      } catch (Exception e) {
        throw new IllegalStateException("backend state", e);
      }
      backendState = null;
    }
    vector.close();
  }
}
