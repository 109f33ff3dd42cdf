package dev.platter.devices.block.store;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.BottomHalf;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.HostMemory;
import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.block.meter.BlockError;
import dev.platter.devices.block.meter.LoopMeter;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.memory.IoVector;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Carries one {@link BlockRequest} out on a {@link StoreDisk}: asks the store on the request's
 * loop, and goes on there when the store has answered. Zeroes are written in pieces. One per
 * request slot, reused.
 */
final class StoreTransfer implements AutoCloseable {
  private static final MemorySegment ZEROES = Arena.global().allocate(1 << 20).asReadOnly();

  private final StoreDisk disk;
  private final BlockRequest request;
  private @Nullable AioContext context;
  private @Nullable LoopMeter meter;
  private @Nullable BottomHalf answered;
  private long begunNanos;
  private long doneBytes;
  private long pieceBytes;
  private boolean cutShort;
  // Written by the answering thread, before it schedules the work that reads it.
  private int result;

  StoreTransfer(StoreDisk disk, BlockRequest request) {
    this.disk = disk;
    this.request = request;
  }

  /** Begins with the prepared request on {@code current}, the current context. */
  void start(AioContext current) {
    LoopMeter its = meter;
    if (its == null || !current.equals(context)) {
      context = current;
      its = disk.meter().of(current);
      meter = its;
      answered = current.newBottomHalf(this::goOn);
    }
    begunNanos = its.begun();
    doneBytes = 0;
    cutShort = false;
    int refused = stabilizes() && disk.lost() != 0 ? disk.lost() : disk.refusal(request);
    if (refused != 0) {
      finish(refused);
    } else {
      ask();
    }
  }

  private boolean stabilizes() {
    return request.operation() == Operation.FLUSH || request.forceUnitAccess();
  }

  private void ask() {
    BottomHalf then = answered;
    if (then == null) {
      throw new IllegalStateException("not begun");
    }
    AtomicBoolean over = new AtomicBoolean();
    Completion done =
        outcome -> {
          if (!over.compareAndSet(false, true)) {
            throw new IllegalStateException("a request was completed twice");
          }
          result = Math.min(outcome, 0);
          then.schedule();
        };
    AsyncStore store = disk.store();
    long offset = request.offsetBytes() + doneBytes;
    pieceBytes = request.lengthBytes() - doneBytes;
    try {
      switch (request.operation()) {
        case READ -> store.read(offset, buffers(), done);
        case WRITE -> store.write(offset, buffers(), request.forceUnitAccess(), done);
        case FLUSH -> store.flush(done);
        case DISCARD -> store.discard(offset, pieceBytes, done);
        case WRITE_ZEROES -> {
          pieceBytes = Math.min(pieceBytes, ZEROES.byteSize());
          store.write(offset, List.of(ZEROES.asSlice(0, pieceBytes)), false, done);
        }
      }
    } catch (RuntimeException | Error e) {
      // An exception of the program costs its guest a request, but does not end the loop.
      if (over.compareAndSet(false, true)) {
        result = -Errno.EIO;
        then.schedule();
      }
    }
  }

  private List<MemorySegment> buffers() {
    IoVector vector = request.vector();
    List<MemorySegment> buffers = new ArrayList<>(vector.count());
    for (int i = 0; i < vector.count(); i++) {
      buffers.add(HostMemory.slice(vector.base(i), vector.length(i)));
    }
    return buffers;
  }

  /** Continues on the loop after the store has answered. */
  private void goOn() {
    if (request.operation() == Operation.DISCARD && BlockError.isRefusal(result)) {
      disk.discardRefused(request.offsetBytes(), pieceBytes, -result);
      result = 0; // a discard is advice
    }
    doneBytes += pieceBytes;
    boolean more =
        result == 0
            && request.operation() == Operation.WRITE_ZEROES
            && doneBytes < request.lengthBytes();
    if (more && !cutShort) {
      ask();
      return;
    }
    int outcome = more ? -Errno.ECANCELED : result;
    if (stabilizes()) {
      outcome = disk.stabilized(result, request.operation() == Operation.WRITE);
    }
    if (result < 0) {
      disk.listener()
          .failed(
              request.operation(),
              request.offsetBytes() + doneBytes - pieceBytes,
              pieceBytes,
              -result);
    }
    finish(outcome);
  }

  private void finish(int outcome) {
    LoopMeter its = meter;
    if (its != null) {
      its.finished(request.operation(), request.lengthBytes(), outcome, begunNanos);
    }
    request.finish(outcome);
  }

  /** The owner no longer waits: a write of zeroes ends before its next piece. */
  void cutShort() {
    cutShort = true;
  }

  /** Has nothing to free. */
  @Override
  public void close() {}
}
