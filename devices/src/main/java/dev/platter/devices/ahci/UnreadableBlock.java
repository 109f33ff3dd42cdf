package dev.platter.devices.ahci;

import dev.platter.aio.sys.Errno;

/**
 * What has become of a transfer, and of a read that has failed: where the first block is that
 * cannot be read. It is looked for by halves. What lies before it is good and goes to the guest,
 * which is told where it is (ACS-3: LBA of the first unrecoverable error). A disk that takes long
 * to say that it cannot read a block is not asked for ever: then the transfer is good up to where
 * it is known to be.
 */
final class UnreadableBlock {
  /** How long to look; a guest waits 30 s for its command, of which the first failure had some. */
  private static final long PATIENCE_NANOS = 2_000_000_000L;

  private final int blockBytes;
  private boolean searching;
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

  /** The transfer is given to the backend, all of it. */
  void begin() {
    searching = false;
    over = false;
    error = 0;
    goodBytes = 0;
  }

  /**
   * Takes what the backend has answered.
   *
   * @return whether to ask {@link #next}
   */
  boolean takes(Transfer transfer, boolean read) {
    if (over) {
      return false; // taken before
    }
    if (searching) {
      if (transfer.result == 0) {
        goodBytes += triedBytes;
      } else {
        badEndBytes = goodBytes + triedBytes;
      }
      return true;
    }
    error = transfer.result;
    if (error == 0) {
      goodBytes = transfer.length;
    }
    // By these the backend refuses what is outside it: no block of the medium is at fault.
    boolean refused = error == -Errno.EINVAL || error == -Errno.EROFS;
    searching = error < 0 && read && !refused;
    over = !searching;
    badEndBytes = transfer.length;
    untilNanos = searching ? System.nanoTime() + PATIENCE_NANOS : 0;
    return searching;
  }

  /**
   * How many bytes to read next, behind the good ones; 0 if that is all.
   *
   * @param mayGoOn whether the backend may be asked
   */
  int next(boolean mayGoOn) {
    int blocks = (badEndBytes - goodBytes) / blockBytes;
    triedBytes = blocks / 2 * blockBytes;
    if (triedBytes == 0 || !mayGoOn || System.nanoTime() - untilNanos > 0) {
      over = true;
      return 0;
    }
    return triedBytes;
  }

  /** 0, or what the backend has answered first: {@code -errno}. */
  int error() {
    return error;
  }

  /** How many bytes of the transfer are good. */
  int goodBytes() {
    return goodBytes;
  }
}
