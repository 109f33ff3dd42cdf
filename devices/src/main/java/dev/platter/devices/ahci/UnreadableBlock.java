package dev.platter.devices.ahci;

import dev.platter.aio.sys.Errno;

/**
 * Finds the first unreadable block of a piece, by bisection. The data before it goes to the guest,
 * together with its LBA (ACS-3: LBA of the first unrecoverable error). The search has a time limit,
 * because a failing disk may be slow: after it, the piece counts as good as far as it is known to
 * be.
 */
final class UnreadableBlock {
  /**
   * The time limit; a guest waits 30 s for its command, a part of which the first failure has
   * taken.
   */
  private static final long PATIENCE_NANOS = 2_000_000_000L;

  private final int blockBytes;
  private boolean over;
  private int error;
  private int goodBytes;
  private int badEndBytes;
  private int triedBytes;
  private long untilNanos;

  UnreadableBlock(int blockBytes) {
    this.blockBytes = blockBytes;
  }

  /**
   * Begins a search.
   *
   * @param error the backend's result for the whole piece, {@code -errno}
   * @param length the piece's length in bytes
   */
  void begin(int error, int length) {
    this.error = error;
    goodBytes = 0;
    badEndBytes = length;
    untilNanos = System.nanoTime() + PATIENCE_NANOS;
    // The backend refuses a request with these errors: no block of the medium is bad.
    over = error == -Errno.EINVAL || error == -Errno.EROFS;
  }

  /** Takes the backend's result for the read that {@link #next} has asked for. */
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
   * The number of bytes to read next, after the good ones; 0 to end.
   *
   * @param mayGoOn whether the backend may be given requests
   */
  int next(boolean mayGoOn) {
    int blocks = (badEndBytes - goodBytes) / blockBytes;
    triedBytes = blocks / 2 * blockBytes;
    over = over || triedBytes == 0 || !mayGoOn || System.nanoTime() - untilNanos > 0;
    return over ? 0 : triedBytes;
  }

  /** The backend's result for the whole piece: {@code -errno}. */
  int error() {
    return error;
  }

  /** How many bytes of the piece are good. */
  int goodBytes() {
    return goodBytes;
  }
}
