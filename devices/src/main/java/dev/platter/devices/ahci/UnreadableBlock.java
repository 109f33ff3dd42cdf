package dev.platter.devices.ahci;

import dev.platter.aio.sys.Errno;

/**
 * Where the first block is of a piece that cannot be read. It is looked for by halves. What lies
 * before it is good and goes to the guest, which is told where it is (ACS-3: LBA of the first
 * unrecoverable error). A disk that takes long to say that it cannot read a block is not asked for
 * ever: then the piece is good up to where it is known to be.
 */
final class UnreadableBlock {
  /** How long to look; a guest waits 30 s for its command, of which the first failure had some. */
  private static final long PATIENCE_NANOS = 2_000_000_000L;

  private final int blockBytes;
  private boolean over;
  private int error;
  private int goodBytes;
  private int badEndBytes;
  private int triedBytes;
  private long untilNanos;

  /**
   * Makes one for a transfer, to be used again.
   *
   * @param blockBytes the disk's block size
   */
  UnreadableBlock(int blockBytes) {
    this.blockBytes = blockBytes;
  }

  /**
   * Begins to look.
   *
   * @param error what the backend has answered for all of the piece
   * @param length the piece's
   */
  void begin(int error, int length) {
    this.error = error;
    goodBytes = 0;
    badEndBytes = length;
    untilNanos = System.nanoTime() + PATIENCE_NANOS;
    // By these the backend refuses what is outside it: no block of the medium is at fault.
    over = error == -Errno.EINVAL || error == -Errno.EROFS;
  }

  /** Takes what the backend has answered for what {@link #next} has named. */
  void take(int result) {
    if (over) {
      return;
    }
    if (result == 0) {
      goodBytes += triedBytes;
    } else {
      badEndBytes = goodBytes + triedBytes;
    }
  }

  /**
   * How many bytes to read next, behind the good ones; 0 if that is all.
   *
   * @param mayGoOn whether the backend may be asked
   */
  int next(boolean mayGoOn) {
    int blocks = (badEndBytes - goodBytes) / blockBytes;
    triedBytes = blocks / 2 * blockBytes;
    over = over || triedBytes == 0 || !mayGoOn || System.nanoTime() - untilNanos > 0;
    return over ? 0 : triedBytes;
  }

  /** What the backend has answered for all of the piece: {@code -errno}. */
  int error() {
    return error;
  }

  /** How many bytes of the piece are good. */
  int goodBytes() {
    return goodBytes;
  }
}
