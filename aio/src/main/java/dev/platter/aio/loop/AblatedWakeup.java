package dev.platter.aio.loop;

/**
 * The lost wake-up, put back for comparison ({@code --ablate notify}): an SQE that another thread
 * queues does not wake the loop, which submits it when something else wakes it, at the latest its
 * own timer. QEMU did this from 10.2 until {@code aio_add_sqe()} learnt to notify.
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
