package dev.platter.devices.block.raw;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.AioTimer;
import org.jspecify.annotations.Nullable;

/**
 * Pieces that the kernel has put off (EAGAIN, EINTR), on one loop: each is tried again after a
 * pause, so that the loop does not spin, and a limited number of times, so that a guest gets its
 * answer. For the loop's thread, or the holders of its lock.
 */
final class Retries {
  /** The number of attempts, which take about three seconds. */
  static final int LIMIT = 300;

  private static final long PAUSE_NANOS = 10_000_000;

  private final AioTimer timer;
  private @Nullable RawTransfer first;

  Retries(AioContext context) {
    timer = context.newTimer(this::tryAgain);
  }

  /** Calls {@link RawTransfer#again} after a pause. */
  void add(RawTransfer transfer) {
    transfer.behind = first;
    first = transfer;
    if (!timer.isArmed()) {
      timer.arm(PAUSE_NANOS);
    }
  }

  private void tryAgain() {
    RawTransfer next = first;
    first = null;
    while (next != null) {
      RawTransfer transfer = next;
      next = transfer.behind;
      transfer.behind = null;
      transfer.again();
    }
  }

  void close() {
    timer.cancel();
  }
}
