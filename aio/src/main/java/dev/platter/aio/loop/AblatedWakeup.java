package dev.platter.aio.loop;

/**
 * Brings the lost wake-up back for comparison ({@code --ablate notify}). An SQE that another thread
 * queues waits until something else wakes the loop, at the latest the loop's own timer. QEMU did
 * this from 10.2 until {@code aio_add_sqe()} learnt to notify.
 */
final class AblatedWakeup extends LoopWakeup {
  @Override
  void sqeAdded(boolean byLoop) {
    if (announces(byLoop)) {
      notifyLoop();
    }
  }

  @Override
  boolean announces(boolean byLoop) {
    return byLoop;
  }
}
