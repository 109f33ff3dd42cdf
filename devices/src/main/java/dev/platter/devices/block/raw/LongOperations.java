package dev.platter.devices.block.raw;

import org.jspecify.annotations.Nullable;

/**
 * Discards and writes of zeroes of one image on one loop. They may have any length, so they are
 * done in pieces, a few at a time, one piece of each in turn. Each piece keeps a worker of the
 * kernel and often the file's lock, so more at once would only be in the way of others.
 *
 * <p>While the loop is being suspended no piece begins: waiting operations are parked, and go on
 * when the loop resumes. For the loop's thread, or the holders of its lock.
 */
final class LongOperations {
  private static final int AT_ONCE = 2;

  // How long a piece takes depends on how many extents of the file lie in it: on ext4 64 MiB of one
  // extent take 30 ms, and of 8192 extents seconds. So pieces grow while they are quick.
  private static final long LEAST_BYTES = 1L << 20;
  private static final long MOST_BYTES = 128L << 20;
  private static final long QUICK_NANOS = 20_000_000;
  private static final long SLOW_NANOS = 100_000_000;

  private @Nullable RawTransfer first;
  private @Nullable RawTransfer last;
  private int waiting;
  private int running;
  private boolean parking;
  private boolean pumping;
  private long pieceBytes = 16L << 20;

  /** The largest length of a piece in bytes, a power of two. */
  long pieceBytes() {
    return pieceBytes;
  }

  /**
   * Takes the time of a piece into account. A short piece that was quick says nothing of longer
   * pieces.
   */
  void took(long bytes, long nanos) {
    if (nanos < QUICK_NANOS && bytes >= pieceBytes) {
      pieceBytes = Math.min(pieceBytes * 2, MOST_BYTES);
    } else if (nanos > SLOW_NANOS) {
      pieceBytes = Math.max(pieceBytes / 2, LEAST_BYTES);
    }
  }

  /** Queues a transfer for its next piece; {@link RawTransfer#beginPiece} is called in its turn. */
  void add(RawTransfer transfer) {
    transfer.before = last;
    if (last == null) {
      first = transfer;
    } else {
      last.behind = transfer;
    }
    last = transfer;
    transfer.queued = true;
    waiting++;
    pump();
  }

  /** A piece has ended. */
  void pieceEnded() {
    running--;
    pump();
  }

  private void pump() {
    if (pumping) {
      return; // a piece that ends at once makes room for the next: no recursion
    }
    pumping = true;
    while (!parking && running < AT_ONCE && first != null) {
      RawTransfer transfer = first;
      remove(transfer);
      running++;
      transfer.beginPiece();
    }
    pumping = false;
  }

  /** Takes a transfer that waits out of the queue. */
  void remove(RawTransfer transfer) {
    if (transfer.before == null) {
      first = transfer.behind;
    } else {
      transfer.before.behind = transfer.behind;
    }
    if (transfer.behind == null) {
      last = transfer.before;
    } else {
      transfer.behind.before = transfer.before;
    }
    transfer.before = null;
    transfer.behind = null;
    transfer.queued = false;
    waiting--;
  }

  /** No piece begins until {@link #resume}. */
  void park() {
    parking = true;
  }

  /** The number of parked requests. */
  int parked() {
    return parking ? waiting : 0;
  }

  void resume() {
    parking = false;
    pump();
  }
}
