package dev.platter.devices.block.raw;

import org.jspecify.annotations.Nullable;

/**
 * Discards and writes of zeroes of one image on one loop, which may be of any length: they are done
 * in pieces, few at a time, one piece of each in turn. Each piece keeps a worker of the kernel and
 * often the file's lock, so more at once would only be in the way of others.
 *
 * <p>While the loop is to be suspended no piece begins; what waits then is parked, and goes on when
 * the loop is resumed. For the loop's thread, or the holders of its lock.
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

  /** How long a piece may be at most, in bytes; a power of two. */
  long pieceBytes() {
    return pieceBytes;
  }

  /** A piece took that long. One that is short says nothing of longer ones by being quick. */
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
      return; // one that ends at once makes room for the next: no recursion
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

  /** How many requests are parked. */
  int parked() {
    return parking ? waiting : 0;
  }

  void resume() {
    parking = false;
    pump();
  }
}
