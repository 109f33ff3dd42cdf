package dev.platter.devices.block;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.BottomHalf;
import dev.platter.aio.loop.RingOp;
import dev.platter.aio.ring.Sqe;
import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.BlockRequest.Operation;
import org.jspecify.annotations.Nullable;

/**
 * Carries one {@link BlockRequest} out on a {@link RawImage}, as one SQE after another until all
 * bytes are done: a short transfer, more than IOV_MAX buffers, or a chunk smaller than the request
 * each just mean another piece. One per request slot, reused; allocates nothing.
 */
final class RawTransfer extends RingOp implements AutoCloseable {
  private static final int DISCARD_MODE =
      LinuxAbi.FALLOC_FL_PUNCH_HOLE | LinuxAbi.FALLOC_FL_KEEP_SIZE;
  private static final int ZERO_MODE = LinuxAbi.FALLOC_FL_ZERO_RANGE | LinuxAbi.FALLOC_FL_KEEP_SIZE;

  private enum Way {
    DIRECT,
    BOUNCE,
    /** Zeroes written as data. */
    ZEROES,
    /** fallocate(2) that deallocates. */
    PUNCH,
    /** fallocate(2) that zeroes. */
    ZERO_RANGE,
    /** A block device's own discard, by the ring. */
    DISCARD_COMMAND,
    /** The same by a thread of its own, where the ring does not know it. */
    DISCARD_CALL,
    SYNC
  }

  // Links and marks of the lists that a transfer is in: of the host's requests (SlowRequests), ...
  @Nullable RawTransfer older;
  @Nullable RawTransfer younger;
  int sinceTick;
  boolean slow;
  // ... of those that wait for their next piece (LongOperations) or a retry (Retries), ...
  @Nullable RawTransfer before;
  @Nullable RawTransfer behind;
  boolean queued;
  // ... and of those that make something stable (Stability, whose monitor guards these).
  @Nullable RawTransfer flushedBefore;
  @Nullable RawTransfer flushedAfter;
  long flushTicket;

  private final RawImage image;
  private final BlockRequest request;
  private final VectorCursor cursor = new VectorCursor();
  private final BufferPool.Waiter chunkWaiter =
      new BufferPool.Waiter() {
        @Override
        protected void granted(int granted) {
          chunk = granted;
          context.addSqe(RawTransfer.this);
        }
      };
  private ImageOnLoop onLoop;
  private AioContext context;
  private @Nullable BottomHalf tellReleased;
  private long begunNanos;
  private long pieceNanos;
  private Way way = Way.SYNC;
  private boolean stabilizes;
  private boolean cutShort;
  private long doneBytes;
  private long pieceBytes;
  private int chunk = BufferPool.NONE;
  private int tries;
  // Written by the thread of a DISCARD_CALL, before it schedules what reads it.
  private int callResult;

  @SuppressWarnings("NullAway.Init") // start() sets the loop, before anything uses it
  RawTransfer(RawImage image, BlockRequest request) {
    super(true);
    this.image = image;
    this.request = request;
  }

  BlockRequest request() {
    return request;
  }

  // ---- beginning -----------------------------------------------------------------------------

  /** Carries the prepared request out on {@code context}, the current one. */
  void start(AioContext context) {
    if (!context.equals(this.context)) {
      this.context = context;
      onLoop = image.on(context);
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
    doneBytes = 0;
    tries = 0;
    cutShort = false;
    cursor.reset();
    way = chooseWay();
    if (isLong()) {
      if (isDiscard() && !image.options().discard()) {
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
    if (way == Way.BOUNCE) {
      takeChunk();
    } else {
      context.addSqe(this);
    }
  }

  private int check() {
    if (stabilizes && image.stability().failure() != 0) {
      return image.stability().failure();
    }
    if (request.operation() == Operation.FLUSH) {
      return 0;
    }
    if (image.readOnly() && request.operation() != Operation.READ) {
      return -Errno.EROFS;
    }
    long offset = request.offsetBytes();
    long length = request.lengthBytes();
    int unit = image.blockSizeBytes();
    boolean inside =
        offset >= 0
            && length > 0
            && length <= image.sizeBytes()
            && offset <= image.sizeBytes() - length;
    return inside && offset % unit == 0 && length % unit == 0 ? 0 : -Errno.EINVAL;
  }

  private Way chooseWay() {
    return switch (request.operation()) {
      case READ, WRITE -> image.alignment().fits(request.vector()) ? Way.DIRECT : Way.BOUNCE;
      case FLUSH -> Way.SYNC;
      case DISCARD -> wayToDiscard();
      case WRITE_ZEROES -> wayToZero();
    };
  }

  /** On a block device PUNCH_HOLE is a write of zeroes, which many do not have. */
  private Way wayToDiscard() {
    if (!image.isBlockDevice()) {
      return Way.PUNCH;
    }
    return image.discardsByRing() ? Way.DISCARD_COMMAND : Way.DISCARD_CALL;
  }

  private Way wayToZero() {
    if (request.mayUnmap() && image.options().discard() && !image.punchRefused()) {
      return Way.PUNCH;
    }
    return image.zeroRangeRefused() ? Way.ZEROES : Way.ZERO_RANGE;
  }

  private boolean isDiscard() {
    return request.operation() == Operation.DISCARD;
  }

  /** Whether it is done by {@link LongOperations}, since its length is up to the guest. */
  private boolean isLong() {
    return isDiscard() || request.operation() == Operation.WRITE_ZEROES;
  }

  private void takeChunk() {
    BufferPool pool = onLoop.bouncePool();
    if (pool == null) {
      end(-Errno.ENOMEM);
      return;
    }
    chunk = pool.take();
    if (chunk == BufferPool.NONE) {
      pool.await(chunkWaiter);
    } else {
      context.addSqe(this);
    }
  }

  private void giveChunk() {
    BufferPool pool = onLoop.bouncePool();
    if (chunk != BufferPool.NONE && pool != null) {
      int given = chunk;
      chunk = BufferPool.NONE;
      pool.give(given);
    }
  }

  // ---- one piece -----------------------------------------------------------------------------

  /** It is this one's turn for a piece of a long operation. */
  void beginPiece() {
    onLoop.slowRequests().add(this);
    pieceNanos = System.nanoTime();
    if (way == Way.DISCARD_CALL) {
      callDiscard();
    } else {
      context.addSqe(this);
    }
  }

  private void callDiscard() {
    long offset = request.offsetBytes() + doneBytes;
    long length = allocationBytes(offset);
    BottomHalf done = context.newBottomHalf(() -> complete(callResult, 0));
    Runnable call =
        () -> {
          callResult = image.discard(offset, length);
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
    switch (way) {
      case DIRECT -> prepareDirect(sqe, offset);
      case BOUNCE -> {
        pieceBytes = Math.min(Math.min(left, BufferPool.CHUNK_BYTES), image.maxPieceBytes);
        long address = chunkAddress();
        if (request.operation() == Operation.READ) {
          sqe.prepRead(image.fd(), address, (int) pieceBytes, offset);
        } else {
          cursor.gather(request.vector(), address, pieceBytes);
          sqe.prepWrite(image.fd(), address, (int) pieceBytes, offset, writeFlags());
        }
      }
      case ZEROES -> prepareZeroes(sqe, offset, left);
      case PUNCH -> sqe.prepFallocate(image.fd(), DISCARD_MODE, offset, allocationBytes(offset));
      case ZERO_RANGE -> sqe.prepFallocate(image.fd(), ZERO_MODE, offset, allocationBytes(offset));
      case DISCARD_COMMAND -> sqe.prepBlockDiscard(image.fd(), offset, allocationBytes(offset));
      case SYNC -> sqe.prepFsync(image.fd(), true);
      case DISCARD_CALL -> throw new IllegalStateException("not for the ring");
    }
  }

  private long chunkAddress() {
    BufferPool pool = onLoop.bouncePool();
    if (pool == null || chunk == BufferPool.NONE) {
      throw new IllegalStateException("no chunk");
    }
    return pool.address(chunk);
  }

  private void prepareZeroes(Sqe sqe, long offset, long left) {
    int whole = ZeroPages.wholeBytes();
    if (left < whole) {
      pieceBytes = left;
      sqe.prepWrite(image.fd(), ZeroPages.address(), (int) left, offset, 0);
    } else {
      int count = (int) Math.min(left, ZeroPages.MAX_BYTES) / whole;
      pieceBytes = (long) count * whole;
      sqe.prepWritev(image.fd(), ZeroPages.iovecs(), count, offset, 0);
    }
  }

  /** Sets and returns the length of a piece that is neither read nor written. */
  private long allocationBytes(long offset) {
    // Up to a multiple of the size, so that no piece ends inside of a block that would go as one.
    long most = onLoop.longOperations().pieceBytes();
    pieceBytes = Math.min(request.lengthBytes() - doneBytes, most - offset % most);
    return pieceBytes;
  }

  private int writeFlags() {
    return image.writeFlags | (request.forceUnitAccess() ? LinuxAbi.RWF_DSYNC : 0);
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
    } else if (way == Way.SYNC || result < 0) {
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

  private void completeLong(int result) {
    if (result >= 0) {
      onLoop.longOperations().took(System.nanoTime() - pieceNanos);
      doneBytes += way == Way.ZEROES ? result : pieceBytes;
      tries = 0;
      if (doneBytes == request.lengthBytes()) {
        finish(0);
      } else if (result == 0 && way == Way.ZEROES) {
        fail(-Errno.EIO);
      } else {
        nextPiece();
      }
    } else if (way == Way.DISCARD_COMMAND && image.ringLacksDiscard(result)) {
      way = Way.DISCARD_CALL;
      nextPiece();
    } else if (isDiscard() && isRefusal(result)) {
      // Advice that is not taken, here; perhaps it is elsewhere on this disk, or another time.
      image.discardRefused(request.offsetBytes() + doneBytes, pieceBytes, -result);
      doneBytes += pieceBytes;
      if (doneBytes == request.lengthBytes()) {
        finish(0);
      } else {
        nextPiece();
      }
    } else if (way == Way.PUNCH && isRefusal(result)) {
      image.punchRefused(result);
      way = image.zeroRangeRefused() ? Way.ZEROES : Way.ZERO_RANGE;
      nextPiece();
    } else if (way == Way.ZERO_RANGE && isRefusal(result)) {
      image.zeroRangeRefused(result);
      way = Way.ZEROES;
      nextPiece();
    } else {
      fail(result);
    }
  }

  /** Whether the host cannot or will not, as opposed to that it has failed. */
  private static boolean isRefusal(int result) {
    return switch (-result) {
      case Errno.EOPNOTSUPP,
          Errno.ENOSYS,
          Errno.ENOTTY,
          Errno.EINVAL,
          Errno.ENOSPC,
          Errno.EDQUOT,
          Errno.EFBIG,
          Errno.EPERM,
          Errno.EACCES,
          Errno.ETXTBSY ->
          true;
      default -> false;
    };
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
    image
        .listener()
        .failed(
            request.operation(),
            request.offsetBytes() + doneBytes,
            request.operation() == Operation.FLUSH ? 0 : pieceBytes,
            -result);
    finish(result);
  }

  // ---- reads, writes and flushes -------------------------------------------------------------

  /** Accounts for {@code transferred} bytes and goes on with the rest. */
  private void advance(int transferred) {
    // O_DIRECT goes on from a block boundary only; a torn block is transferred again.
    int whole = transferred - transferred % image.alignment().offsetBytes();
    if (whole == 0) {
      // End of file inside the disk: somebody cut the image short.
      end(-Errno.EIO);
      return;
    }
    if (way == Way.BOUNCE && request.operation() == Operation.READ) {
      cursor.scatter(request.vector(), chunkAddress(), whole);
    }
    tries = 0;
    doneBytes += whole;
    if (doneBytes == request.lengthBytes()) {
      end(0);
      return;
    }
    cursor.advance(request.vector(), whole);
    BufferPool pool = way == Way.BOUNCE ? onLoop.bouncePool() : null;
    if (pool != null && pool.waiting() > 0) {
      giveChunk();
      takeChunk();
    } else {
      context.addSqe(this);
    }
  }

  /** The host is done with a read, a write or a flush. */
  private void end(int result) {
    giveChunk();
    onLoop.slowRequests().remove(this);
    if (stabilizes) {
      if (image.stability().failed(result, request.operation() == Operation.WRITE)) {
        image.listener().flushFailed(-result);
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
