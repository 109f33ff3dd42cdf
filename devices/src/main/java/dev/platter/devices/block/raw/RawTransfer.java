package dev.platter.devices.block.raw;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.BottomHalf;
import dev.platter.aio.ring.Sqe;
import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.block.meter.BlockError;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.memory.BufferPool;
import dev.platter.devices.memory.IoVector;
import org.jspecify.annotations.Nullable;

/**
 * Carries one {@link BlockRequest} out on a {@link RawImage}, as one SQE after another until all
 * bytes are done: a short transfer, more than IOV_MAX buffers, or a chunk smaller than the request
 * each just mean another piece. One per request slot, reused; allocates nothing.
 */
final class RawTransfer extends TransferPiece implements AutoCloseable {
  private static final int DISCARD_MODE =
      LinuxAbi.FALLOC_FL_PUNCH_HOLE | LinuxAbi.FALLOC_FL_KEEP_SIZE;
  private static final int ZERO_MODE = LinuxAbi.FALLOC_FL_ZERO_RANGE | LinuxAbi.FALLOC_FL_KEEP_SIZE;

  private @Nullable BottomHalf tellReleased;
  private long begunNanos;
  private long pieceNanos;
  private TransferMethod method = TransferMethod.SYNC;
  private boolean stabilizes;
  private boolean cutShort;
  private int tries;
  // Written by the thread of a DISCARD_CALL, before it schedules what reads it.
  private int callResult;

  RawTransfer(RawImage image, BlockRequest request) {
    super(image, request);
  }

  // ---- beginning -----------------------------------------------------------------------------

  /** Carries the prepared request out on {@code context}, the current one. */
  void start(AioContext context) {
    if (!context.equals(this.context)) {
      moveTo(context);
      tellReleased = null;
    }
    begunNanos = onLoop.meter().begun();
    setTimeline(request.timeline());
    stabilizes = request.operation() == Operation.FLUSH || request.forceUnitAccess();
    int refused = check();
    if (refused != 0) {
      finish(refused);
      return;
    }
    rewind();
    tries = 0;
    cutShort = false;
    method = TransferMethod.of(image, request);
    if (isLong()) {
      if (isDiscard() && !(image.options().discard() && skipPartialBlock())) {
        finish(0); // a discard is advice
      } else {
        onLoop.longOperations().add(this);
      }
      return;
    }
    onLoop.slowRequests().add(this);
    if (stabilizes) {
      image.stability().begin(this);
    }
    if (request.operation() != Operation.WRITE || lock(request.lengthBytes())) {
      goOn();
    }
  }

  @Override
  void goOn() {
    if (method == TransferMethod.BOUNCE || partial) {
      takeChunk();
    } else if (method == TransferMethod.DISCARD_CALL) {
      callDiscard();
    } else {
      context.addSqe(this);
    }
  }

  private int check() {
    if (stabilizes && image.stability().failure() != 0) {
      return image.stability().failure();
    }
    return image.refusal(request);
  }

  private boolean isDiscard() {
    return request.operation() == Operation.DISCARD;
  }

  /** Whether it is done by {@link LongOperations}, since its length is up to the guest. */
  private boolean isLong() {
    return isDiscard() || request.operation() == Operation.WRITE_ZEROES;
  }

  // ---- one piece -----------------------------------------------------------------------------

  /** It is this one's turn for a piece of a long operation. */
  void beginPiece() {
    onLoop.slowRequests().add(this);
    pieceNanos = System.nanoTime();
    long offset = request.offsetBytes() + doneBytes;
    long left = request.lengthBytes() - doneBytes;
    partial = isPartial(offset, left);
    // Settled here for whatever follows: it is what is locked, and pieces may grow meanwhile.
    if (partial) {
      pieceBytes = Math.min(left, unit() - offset % unit());
    } else {
      pieceBytes =
          method == TransferMethod.ZEROES ? zeroBytes(left) : allocationBytes(offset, left);
    }
    if (lock(pieceBytes)) {
      goOn();
    }
  }

  private void callDiscard() {
    long offset = request.offsetBytes() + doneBytes;
    long length = pieceBytes;
    BottomHalf done = context.newBottomHalf(() -> complete(callResult, 0));
    Runnable call =
        () -> {
          callResult = Deallocation.discard(image.fd(), offset, length);
          done.schedule();
        };
    try {
      Thread.ofPlatform().daemon().name("discard").start(call);
    } catch (OutOfMemoryError e) {
      callResult = -Errno.EAGAIN; // no thread to be had: later, perhaps
      done.schedule();
    }
  }

  @Override
  protected void prepare(Sqe sqe) {
    long offset = request.offsetBytes() + doneBytes;
    long left = request.lengthBytes() - doneBytes;
    boolean read = request.operation() == Operation.READ;
    partial = !read && method != TransferMethod.SYNC && isPartial(offset, left);
    if (partial) {
      preparePartial(sqe, offset, left);
      return;
    }
    switch (method) {
      case DIRECT -> prepareDirect(sqe, offset);
      case BOUNCE -> {
        if (read) {
          prepareBouncedRead(sqe, offset, left);
        } else {
          pieceBytes = wholeBlocks(Math.min(left, mostBounced()));
          cursor.gather(request.vector(), chunkAddress(), pieceBytes);
          sqe.prepWrite(image.fd(), chunkAddress(), (int) pieceBytes, offset, writeFlags());
        }
      }
      case ZEROES -> prepareZeroes(sqe, offset);
      case PUNCH -> sqe.prepFallocate(image.fd(), DISCARD_MODE, offset, pieceBytes);
      case ZERO_RANGE -> sqe.prepFallocate(image.fd(), ZERO_MODE, offset, pieceBytes);
      case DISCARD_COMMAND -> sqe.prepBlockDiscard(image.fd(), offset, pieceBytes);
      case SYNC -> sqe.prepFsync(image.fd(), true);
      case DISCARD_CALL -> throw new IllegalStateException("not for the ring");
    }
  }

  /** The length of a piece of zeroes that are written. */
  private long zeroBytes(long left) {
    int whole = ZeroPages.wholeBytes();
    return left < whole ? wholeBlocks(left) : Math.min(left, ZeroPages.MAX_BYTES) / whole * whole;
  }

  private void prepareZeroes(Sqe sqe, long offset) {
    int whole = ZeroPages.wholeBytes();
    if (pieceBytes < whole) {
      sqe.prepWrite(image.fd(), ZeroPages.address(), (int) pieceBytes, offset, 0);
    } else {
      sqe.prepWritev(image.fd(), ZeroPages.iovecs(), (int) (pieceBytes / whole), offset, 0);
    }
  }

  /** The length of a piece that is neither read nor written. */
  private long allocationBytes(long offset, long left) {
    // Up to a multiple of the size, so that no piece ends inside of a block that would go as one.
    long most = onLoop.longOperations().pieceBytes();
    return wholeBlocks(Math.min(left, most - offset % most));
  }

  private void prepareDirect(Sqe sqe, long offset) {
    IoVector vector = request.vector();
    int element = cursor.element();
    pieceBytes = request.lengthBytes() - doneBytes;
    boolean read = request.operation() == Operation.READ;
    boolean whole = cursor.within() == 0 && vector.length(element) <= image.maxPieceBytes;
    if (whole && element < vector.count() - 1 && vector.totalBytes() <= image.maxPieceBytes) {
      int count = Math.min(vector.count() - element, LinuxAbi.IOV_MAX);
      long iovecs = vector.entryAddress(element);
      if (read) {
        sqe.prepReadv(image.fd(), iovecs, count, offset);
      } else {
        sqe.prepWritev(image.fd(), iovecs, count, offset, writeFlags());
      }
      return;
    }
    long address = vector.base(element) + cursor.within();
    int length = (int) Math.min(vector.length(element) - cursor.within(), image.maxPieceBytes);
    if (read) {
      sqe.prepRead(image.fd(), address, length, offset);
    } else {
      sqe.prepWrite(image.fd(), address, length, offset, writeFlags());
    }
  }

  @Override
  protected void complete(int result, int cqeFlags) {
    boolean again = (result == -Errno.EINTR || result == -Errno.EAGAIN) && tries < Retries.LIMIT;
    if (isLong()) {
      if (partial && result == unit() && !blockRead) {
        blockRead = true;
        context.addSqe(this);
        return;
      }
      blockRead = false;
      unlock();
      giveChunk();
      onLoop.slowRequests().remove(this);
      if (again) {
        tries++;
        onLoop.retries().add(this);
      } else {
        completeLong(result);
      }
      onLoop.longOperations().pieceEnded();
    } else if (again) {
      tries++;
      onLoop.retries().add(this);
    } else if (method == TransferMethod.SYNC || result < 0) {
      end(Math.min(result, 0));
    } else {
      advance(result);
    }
  }

  /** After a pause: tries the piece again. */
  void again() {
    if (isLong()) {
      nextPiece();
    } else {
      context.addSqe(this);
    }
  }

  // ---- discards and zeroes -------------------------------------------------------------------

  /** Leaves out the part of a block that a discard begins with; whether anything is left. */
  private boolean skipPartialBlock() {
    long within = request.offsetBytes() % unit();
    doneBytes = within == 0 ? 0 : unit() - within;
    return request.lengthBytes() - doneBytes >= unit();
  }

  private void completeLong(int result) {
    if (result >= 0) {
      onLoop.longOperations().took(pieceBytes, System.nanoTime() - pieceNanos);
      if (result < unit() && (partial || method == TransferMethod.ZEROES)) {
        fail(-Errno.EIO); // the file ends inside of the block
        return;
      }
      doneBytes +=
          method == TransferMethod.ZEROES && !partial ? result - result % unit() : pieceBytes;
      tries = 0;
      if (isLongDone()) {
        finish(0);
      } else {
        nextPiece();
      }
    } else if (partial) {
      fail(result);
    } else if (method == TransferMethod.DISCARD_COMMAND
        && image.deallocation().ringLacksDiscard(result)) {
      method = TransferMethod.DISCARD_CALL;
      nextPiece();
    } else if (isDiscard() && BlockError.isRefusal(result)) {
      // Advice that is not taken, here; perhaps it is elsewhere on this disk, or another time.
      image.deallocation().discardRefused(request.offsetBytes() + doneBytes, pieceBytes, -result);
      doneBytes += pieceBytes;
      if (isLongDone()) {
        finish(0);
      } else {
        nextPiece();
      }
    } else if (method == TransferMethod.PUNCH && BlockError.isRefusal(result)) {
      image.deallocation().punchRefused(result);
      method = TransferMethod.withoutPunch(image);
      nextPiece();
    } else if (method == TransferMethod.ZERO_RANGE && BlockError.isRefusal(result)) {
      image.deallocation().zeroRangeRefused(result);
      method = TransferMethod.ZEROES;
      nextPiece();
    } else {
      fail(result);
    }
  }

  /** What is left of a discard may be a part of a block, and stays as it is. */
  private boolean isLongDone() {
    long left = request.lengthBytes() - doneBytes;
    return left == 0 || (isDiscard() && left < unit());
  }

  private void nextPiece() {
    if (cutShort) {
      finishCutShort();
    } else {
      onLoop.longOperations().add(this);
    }
  }

  /** Its owner wants it back: what is long ends at its next piece. */
  void cutShort() {
    if (!request.inFlight() || !isLong()) {
      return;
    }
    cutShort = true;
    if (queued) {
      onLoop.longOperations().remove(this);
      finishCutShort();
    }
  }

  private void finishCutShort() {
    finish(isDiscard() ? 0 : -Errno.ECANCELED);
  }

  private void fail(int result) {
    if (result != -Errno.ECANCELED) { // its loop has ended: no fault of the host's
      image
          .listeners()
          .failed(
              request.operation(),
              request.offsetBytes() + doneBytes,
              request.operation() == Operation.FLUSH ? 0 : pieceBytes,
              -result);
    }
    finish(result);
  }

  // ---- reads, writes and flushes -------------------------------------------------------------

  /** Accounts for {@code transferred} bytes and goes on with the rest. */
  private void advance(int transferred) {
    int whole;
    if (partial) {
      whole = partialDone(transferred);
      if (whole == 0) {
        context.addSqe(this);
        return;
      }
    } else {
      // O_DIRECT goes on from a block boundary only; a torn block is transferred again.
      whole = transferred & -unit();
      if (method == TransferMethod.BOUNCE && request.operation() == Operation.READ) {
        int within = within(request.offsetBytes() + doneBytes);
        whole = (int) Math.min(whole - within, pieceBytes);
        if (whole > 0) {
          cursor.scatter(request.vector(), chunkAddress() + within, whole);
        }
      }
    }
    if (whole <= 0) {
      // End of file inside the disk: somebody cut the image short.
      end(-Errno.EIO);
      return;
    }
    tries = 0;
    doneBytes += whole;
    if (doneBytes == request.lengthBytes()) {
      end(0);
      return;
    }
    cursor.advance(request.vector(), whole);
    BufferPool pool = method == TransferMethod.BOUNCE ? onLoop.bouncePool() : null;
    if (pool != null && pool.waiting() > 0) {
      giveChunk();
      takeChunk();
    } else {
      context.addSqe(this);
    }
  }

  /** The host is done with a read, a write or a flush. */
  private void end(int result) {
    blockRead = false;
    unlock();
    giveChunk();
    onLoop.slowRequests().remove(this);
    if (stabilizes) {
      if (image.stability().failed(result, request.operation() == Operation.WRITE)) {
        image.listeners().flushFailed(-result);
      }
      if (!image.stability().end(this, result)) {
        return; // until it is known whether it may be told
      }
    }
    tell(result);
  }

  /** Any thread: what was held back may be told. */
  void released() {
    BottomHalf tell = tellReleased;
    if (tell == null) {
      tell = context.newBottomHalf(() -> tell(0));
      tellReleased = tell;
    }
    tell.schedule();
  }

  private void tell(int result) {
    int lost = stabilizes ? image.stability().failure() : 0;
    if (result < 0) {
      fail(result);
    } else {
      finish(lost);
    }
  }

  /** Gives the request back, with 0 or {@code -errno}; it may come again from within. */
  private void finish(int result) {
    onLoop.meter().finished(request.operation(), request.lengthBytes(), result, begunNanos);
    request.finish(result);
  }

  /** Has nothing to free: its memory is the pool's. */
  @Override
  public void close() {}
}
