package dev.platter.devices.block.memory;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.memory.VectorCursor;
import org.jspecify.annotations.Nullable;

/**
 * Carries one {@link BlockRequest} out on a {@link MemoryDisk}, one piece after the other. One per
 * request slot, reused; allocates nothing.
 */
final class MemoryTransfer implements AutoCloseable {
  /** The cost of a request besides its bytes, in copied bytes. */
  private static final long BASE_COST = 4096;

  /** Freeing a page costs a fraction of copying one. */
  private static final long FREED_PER_COPIED = 16;

  private final MemoryDisk disk;
  private final BlockRequest request;
  private final VectorCursor cursor = new VectorCursor();
  @Nullable MemoryTransfer next;
  private @Nullable MemoryOnLoop onLoop;
  private long begunNanos;
  private long doneBytes;
  private boolean cutShort;

  MemoryTransfer(MemoryDisk disk, BlockRequest request) {
    this.disk = disk;
    this.request = request;
  }

  /** Begins with the prepared request on {@code context}, the current one. */
  void start(AioContext context) {
    MemoryOnLoop its = onLoop;
    if (its == null || !its.context().equals(context)) {
      its = disk.on(context);
      onLoop = its;
    }
    begunNanos = its.meter().begun();
    doneBytes = 0;
    cutShort = false;
    cursor.reset();
    int refused = disk.refusal(request);
    if (refused != 0) {
      finish(its, refused);
      return;
    }
    Timeline timeline = request.timeline();
    if (timeline != null) {
      timeline.queued(System.nanoTime(), false, true);
    }
    its.add(this);
  }

  /**
   * Does its next piece.
   *
   * @param mostBytes the most bytes to copy
   * @return the cost, in copied bytes
   */
  long piece(long mostBytes) {
    Timeline timeline = request.timeline();
    if (timeline != null) {
      timeline.entered(System.nanoTime(), Timeline.Wake.COMPLETION);
    }
    long offset = request.offsetBytes() + doneBytes;
    long left = request.lengthBytes() - doneBytes;
    long bytes = Math.min(left, mostBytes);
    switch (request.operation()) {
      case READ -> {
        cursor.scatter(request.vector(), disk.address(offset), bytes);
        cursor.advance(request.vector(), bytes);
      }
      case WRITE -> {
        cursor.gather(request.vector(), disk.address(offset), bytes);
        cursor.advance(request.vector(), bytes);
      }
      case FLUSH -> {}
      case DISCARD, WRITE_ZEROES -> {
        return cutShort ? BASE_COST : longPiece(offset, left, mostBytes);
      }
    }
    doneBytes += bytes;
    return bytes + BASE_COST;
  }

  private long longPiece(long offset, long left, long mostBytes) {
    boolean discard = request.operation() == Operation.DISCARD;
    if (!discard && !(request.mayUnmap() && disk.discards())) {
      long bytes = Math.min(left, mostBytes);
      disk.zero(offset, bytes);
      doneBytes += bytes;
      return bytes + BASE_COST;
    }
    long bytes = MemoryDisk.piece(offset, left, mostBytes * FREED_PER_COPIED);
    if (!discard) {
      disk.zeroAndFree(offset, bytes);
    } else if (disk.discards()) {
      disk.free(offset, bytes);
    }
    doneBytes += bytes;
    return bytes / FREED_PER_COPIED + BASE_COST;
  }

  /** Whether nothing is left to do. */
  boolean isDone() {
    return cutShort || doneBytes == request.lengthBytes();
  }

  /** The owner no longer waits: a long operation ends before its next piece. */
  void cutShort() {
    Operation operation = request.operation();
    cutShort =
        request.inFlight()
            && (operation == Operation.DISCARD || operation == Operation.WRITE_ZEROES);
  }

  /** Gives the request back; the owner may submit it again in this call. */
  void finish() {
    MemoryOnLoop its = onLoop;
    if (its == null) {
      throw new IllegalStateException("not begun");
    }
    Timeline timeline = request.timeline();
    if (timeline != null) {
      long now = System.nanoTime();
      timeline.reaped(now, now, false, 0);
    }
    boolean whole = doneBytes == request.lengthBytes();
    finish(its, whole || request.operation() == Operation.DISCARD ? 0 : -Errno.ECANCELED);
  }

  private void finish(MemoryOnLoop its, int result) {
    its.meter().finished(request.operation(), request.lengthBytes(), result, begunNanos);
    request.finish(result);
  }

  /** Has nothing to free: its memory is the disk's. */
  @Override
  public void close() {}
}
