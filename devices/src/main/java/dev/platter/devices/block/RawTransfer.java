package dev.platter.devices.block;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.RingOp;
import dev.platter.aio.ring.Sqe;
import dev.platter.aio.sys.Errno;

/**
 * Carries one {@link BlockRequest} out on a {@link RawImage}, as one SQE after another until all
 * bytes are done: a short transfer, more than IOV_MAX buffers, or a bounce buffer smaller than the
 * request each just mean another piece. One per request slot, reused; allocates nothing unless it
 * has to bounce.
 */
final class RawTransfer extends RingOp implements AutoCloseable {
  private static final int DISCARD_MODE =
      LinuxAbi.FALLOC_FL_PUNCH_HOLE | LinuxAbi.FALLOC_FL_KEEP_SIZE;
  private static final int ZERO_MODE = LinuxAbi.FALLOC_FL_ZERO_RANGE | LinuxAbi.FALLOC_FL_KEEP_SIZE;

  // A discard of terabytes must not keep a kernel worker, and a reset waiting for it, for minutes.
  private static final long MAX_ALLOCATION_BYTES = 1L << 30;

  private enum Way {
    DIRECT,
    BOUNCE,
    ZERO_BUFFER,
    ALLOCATION,
    SYNC
  }

  private final RawImage image;
  private final BlockRequest request;
  private final BounceBuffer bounce;
  private AioContext context;
  private LoopMeter meter;
  private long begunNanos;
  private Way way = Way.SYNC;
  private long doneBytes;
  private long pieceBytes;
  // Where doneBytes lies in the request's vector.
  private int element;
  private long withinElement;

  @SuppressWarnings("NullAway.Init") // start() sets context and meter, before anything uses them
  RawTransfer(RawImage image, BlockRequest request) {
    super(true);
    this.image = image;
    this.request = request;
    this.bounce = new BounceBuffer(image.alignment().memoryBytes());
  }

  /** Carries the prepared request out on {@code context}, the current one. */
  void start(AioContext context) {
    if (!context.equals(this.context)) {
      this.context = context;
      meter = image.meter().of(context);
    }
    begunNanos = meter.begun();
    setTimeline(request.timeline());
    int refused = check();
    if (refused != 0) {
      finish(refused);
      return;
    }
    doneBytes = 0;
    element = 0;
    withinElement = 0;
    way = chooseWay();
    if (way == Way.ALLOCATION && isDiscard() && !image.discards()) {
      finish(0); // a discard is advice
      return;
    }
    if (way == Way.BOUNCE || way == Way.ZERO_BUFFER) {
      queueBuffered();
    } else {
      context.addSqe(this);
    }
  }

  /** Gives the request back, with 0 or {@code -errno}; it may come again from within. */
  private void finish(int result) {
    meter.finished(request.operation(), request.lengthBytes(), result, begunNanos);
    request.finish(result);
  }

  /** Queues the first piece of a transfer that needs a buffer: how many do is up to the guest. */
  private void queueBuffered() {
    if (bounce.reserve(bufferedPieceBytes())) {
      context.addSqe(this);
    } else {
      finish(-Errno.ENOMEM);
    }
  }

  private long bufferedPieceBytes() {
    long left = request.lengthBytes() - doneBytes;
    return Math.min(Math.min(left, BounceBuffer.MAX_BYTES), image.maxPieceBytes);
  }

  private boolean isDiscard() {
    return request.operation() == BlockRequest.Operation.DISCARD;
  }

  private int check() {
    if (request.operation() == BlockRequest.Operation.FLUSH) {
      return 0;
    }
    if (image.readOnly() && request.operation() != BlockRequest.Operation.READ) {
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
      case DISCARD -> Way.ALLOCATION;
      case WRITE_ZEROES -> image.zeroesByAllocation() ? Way.ALLOCATION : Way.ZERO_BUFFER;
    };
  }

  @Override
  protected void prepare(Sqe sqe) {
    long offset = request.offsetBytes() + doneBytes;
    switch (way) {
      case DIRECT -> prepareDirect(sqe, offset);
      case BOUNCE -> {
        pieceBytes = bufferedPieceBytes();
        long address = bounce.address();
        if (request.operation() == BlockRequest.Operation.READ) {
          sqe.prepRead(image.fd(), address, (int) pieceBytes, offset);
        } else {
          bounce.gather(request.vector(), doneBytes, pieceBytes);
          sqe.prepWrite(image.fd(), address, (int) pieceBytes, offset, writeFlags());
        }
      }
      case ZERO_BUFFER -> {
        pieceBytes = bufferedPieceBytes();
        sqe.prepWrite(image.fd(), bounce.zeroes(pieceBytes), (int) pieceBytes, offset, 0);
      }
      case ALLOCATION -> {
        pieceBytes = Math.min(request.lengthBytes() - doneBytes, MAX_ALLOCATION_BYTES);
        boolean deallocate = isDiscard() || (request.mayUnmap() && image.discards());
        sqe.prepFallocate(image.fd(), deallocate ? DISCARD_MODE : ZERO_MODE, offset, pieceBytes);
      }
      case SYNC -> sqe.prepFsync(image.fd(), true);
    }
  }

  private int writeFlags() {
    return request.forceUnitAccess() ? LinuxAbi.RWF_DSYNC : 0;
  }

  private void prepareDirect(Sqe sqe, long offset) {
    IoVector vector = request.vector();
    boolean read = request.operation() == BlockRequest.Operation.READ;
    boolean whole = withinElement == 0 && vector.length(element) <= image.maxPieceBytes;
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
    long address = vector.base(element) + withinElement;
    int length = (int) Math.min(vector.length(element) - withinElement, image.maxPieceBytes);
    if (read) {
      sqe.prepRead(image.fd(), address, length, offset);
    } else {
      sqe.prepWrite(image.fd(), address, length, offset, writeFlags());
    }
  }

  @Override
  protected void complete(int result, int cqeFlags) {
    if (result == -Errno.EINTR || result == -Errno.EAGAIN) {
      context.addSqe(this);
    } else if (way == Way.ALLOCATION) {
      completeAllocation(result);
    } else if (way == Way.SYNC || result < 0) {
      finish(Math.min(result, 0));
    } else {
      advance(result);
    }
  }

  private void completeAllocation(int result) {
    if (result >= 0) {
      doneBytes += pieceBytes;
      if (doneBytes == request.lengthBytes()) {
        finish(0);
      } else {
        context.addSqe(this);
      }
    } else if (result != -Errno.EOPNOTSUPP) {
      finish(result);
    } else if (isDiscard()) {
      image.discardUnsupported();
      finish(0);
    } else {
      image.zeroRangeUnsupported();
      way = Way.ZERO_BUFFER;
      queueBuffered();
    }
  }

  /** Accounts for {@code transferred} bytes and goes on with the rest. */
  private void advance(int transferred) {
    // O_DIRECT goes on from a block boundary only; a torn block is transferred again.
    int whole = transferred - transferred % image.alignment().offsetBytes();
    if (whole == 0) {
      // End of file inside the disk: somebody cut the image short.
      finish(-Errno.EIO);
      return;
    }
    if (way == Way.BOUNCE && request.operation() == BlockRequest.Operation.READ) {
      bounce.scatter(request.vector(), doneBytes, whole);
    }
    doneBytes += whole;
    if (doneBytes == request.lengthBytes()) {
      finish(0);
      return;
    }
    if (way == Way.DIRECT) {
      moveCursor(whole);
    }
    context.addSqe(this);
  }

  private void moveCursor(long bytes) {
    IoVector vector = request.vector();
    withinElement += bytes;
    while (withinElement >= vector.length(element)) {
      withinElement -= vector.length(element);
      element++;
    }
  }

  /** Frees the bounce buffer. */
  @Override
  public void close() {
    bounce.close();
  }
}
