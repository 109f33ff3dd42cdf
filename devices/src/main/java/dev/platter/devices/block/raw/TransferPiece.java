package dev.platter.devices.block.raw;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.BottomHalf;
import dev.platter.aio.ring.Sqe;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.HostMemory;
import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.memory.BufferPool;
import dev.platter.devices.memory.VectorCursor;
import org.jspecify.annotations.Nullable;

/**
 * The piece of a transfer that is under way: its position, the lock of its blocks, and the chunk
 * that replaces memory which O_DIRECT refuses. To write a part of a block, a piece reads, changes
 * and writes the block.
 */
abstract class TransferPiece extends TransferLinks {
  final RawImage image;
  final BlockRequest request;
  final VectorCursor cursor = new VectorCursor();
  ImageOnLoop onLoop;
  AioContext context;
  long doneBytes;
  long pieceBytes;
  // Of a part of a block: whether this piece is one, and whether the block has been read.
  boolean partial;
  boolean blockRead;
  private boolean locked;
  private @Nullable BottomHalf tellLocked;
  private int chunk = BufferPool.NONE;
  private final BufferPool.ChunkWaiter chunkWaiter =
      new BufferPool.ChunkWaiter() {
        @Override
        protected void granted(int granted) {
          chunk = granted;
          context.addSqe(TransferPiece.this);
        }
      };

  @SuppressWarnings("NullAway.Init") // moveTo() sets the loop, before anything uses it
  TransferPiece(RawImage image, BlockRequest request) {
    this.image = image;
    this.request = request;
  }

  final BlockRequest request() {
    return request;
  }

  /** Moves the transfer to a loop. */
  final void moveTo(AioContext context) {
    this.context = context;
    onLoop = image.on(context);
    tellLocked = null;
  }

  final void rewind() {
    doneBytes = 0;
    cursor.reset();
    partial = false;
    blockRead = false;
  }

  /** Continues with the lock, if the piece needs one. */
  abstract void goOn();

  // ---- blocks of the host that are larger than the guest's -----------------------------------

  /** The unit of O_DIRECT in bytes; 1 without O_DIRECT. */
  final int unit() {
    return image.alignment().offsetBytes();
  }

  /** The offset within its block; block sizes are powers of two. */
  final int within(long offset) {
    return (int) (offset & (unit() - 1));
  }

  /**
   * Locks the range of the next {@code length} bytes, where that may be a part of a block.
   *
   * @return false if the lock has to wait; {@link #goOn} follows
   */
  final boolean lock(long length) {
    if (!image.splitsBlocks()) {
      return true;
    }
    long from = request.offsetBytes() + doneBytes;
    long to = from + length;
    long mask = unit() - 1L;
    lockFrom = from & ~mask;
    lockTo = (to + mask) & ~mask;
    lockAlone = lockFrom != from || lockTo != to;
    if (tellLocked == null) {
      tellLocked = context.newBottomHalf(this::lockIsOurs);
    }
    locked = image.blockLocks().acquire(this);
    return locked;
  }

  /** The lock was granted. Any thread. */
  final void lockGranted() {
    BottomHalf tell = tellLocked;
    if (tell != null) {
      tell.schedule();
    }
  }

  private void lockIsOurs() {
    locked = true;
    goOn();
  }

  /** Releases its lock, if it has one. */
  final void unlock() {
    if (locked) {
      locked = false;
      image.blockLocks().release(this);
    }
  }

  /** Whether the next bytes are a part of one block, which has to be read first. */
  final boolean isPartial(long offset, long left) {
    return image.splitsBlocks() && (within(offset) != 0 || left < unit());
  }

  /** A piece within one block: reads the block, changes it, writes it. */
  final void preparePartial(Sqe sqe, long offset, long left) {
    int within = within(offset);
    pieceBytes = Math.min(left, unit() - within);
    long block = chunkAddress();
    if (!blockRead) {
      sqe.prepRead(image.fd(), block, unit(), offset - within);
      return;
    }
    if (request.operation() == Operation.WRITE) {
      cursor.gather(request.vector(), block + within, pieceBytes);
    } else {
      HostMemory.copy(ZeroPages.address(), block + within, pieceBytes);
    }
    sqe.prepWrite(image.fd(), block, unit(), offset - within, writeFlags());
  }

  /** The number of its bytes that are done; 0 if it has to go to the kernel again; or an error. */
  final int partialDone(int result) {
    if (result < unit()) {
      return result < 0 ? result : -Errno.EIO; // the file ends inside of the block
    }
    blockRead = !blockRead;
    return blockRead ? 0 : (int) pieceBytes;
  }

  // ---- memory that O_DIRECT takes ------------------------------------------------------------

  /** Takes a chunk, at once or in its turn, and queues the piece then. */
  final void takeChunk() {
    BufferPool pool = onLoop.bouncePool();
    if (pool == null) {
      complete(-Errno.ENOMEM, 0);
      return;
    }
    chunk = pool.take();
    if (chunk == BufferPool.NONE) {
      pool.await(chunkWaiter);
    } else {
      context.addSqe(this);
    }
  }

  /** Gives its chunk back, if it has one, to the pool. */
  final void giveChunk() {
    if (chunk == BufferPool.NONE) {
      return; // the common case, which makes no pool
    }
    BufferPool pool = onLoop.bouncePool();
    if (pool != null) {
      int given = chunk;
      chunk = BufferPool.NONE;
      pool.give(given);
    }
  }

  final long chunkAddress() {
    BufferPool pool = onLoop.bouncePool();
    if (pool == null || chunk == BufferPool.NONE) {
      throw new IllegalStateException("no chunk");
    }
    return pool.address(chunk);
  }

  /** The most bytes that go through a chunk at a time. */
  final long mostBounced() {
    return Math.min(BufferPool.CHUNK_BYTES, image.maxPieceBytes);
  }

  /** The part of the bytes that is whole blocks. */
  final long wholeBlocks(long bytes) {
    return bytes & -unit();
  }

  /** Reads all blocks that the next bytes lie in. */
  final void prepareBouncedRead(Sqe sqe, long offset, long left) {
    int within = within(offset);
    long blocks = Math.min(within + left + unit() - 1, mostBounced());
    blocks = wholeBlocks(blocks);
    pieceBytes = Math.min(left, blocks - within);
    sqe.prepRead(image.fd(), chunkAddress(), (int) blocks, offset - within);
  }

  final int writeFlags() {
    return image.writeFlags | (request.forceUnitAccess() ? LinuxAbi.RWF_DSYNC : 0);
  }
}
