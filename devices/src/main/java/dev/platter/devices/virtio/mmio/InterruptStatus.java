package dev.platter.devices.virtio.mmio;

import dev.platter.devices.bus.IrqLine;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The interrupt status register and the line that follows it: high while a bit is set.
 *
 * <p>IOThreads set bits while a vCPU clears others. Whoever takes the register from zero or to zero
 * then sets the line by what the register holds by that time, one at a time, so the last one to do
 * so leaves the line right: a bit set between an acknowledgement and the lowering of the line
 * raises it again, and a bit cleared before its raise does not leave it high. Nothing is held for
 * long and no other lock is taken.
 */
final class InterruptStatus {
  private final IrqLine line;
  private final AtomicInteger bits = new AtomicInteger();

  InterruptStatus(IrqLine line) {
    this.line = line;
  }

  int get() {
    return bits.get();
  }

  /** Sets bits. Any thread. */
  void raise(int mask) {
    int old;
    do {
      old = bits.get();
      // A bit that is set already needs no store: the driver will read its queues after clearing
      // it.
    } while ((old & mask) != mask && !bits.compareAndSet(old, old | mask));
    if (old == 0) {
      follow();
    }
  }

  /** Clears bits. Any thread. */
  void acknowledge(int mask) {
    int old;
    do {
      old = bits.get();
    } while (!bits.compareAndSet(old, old & ~mask));
    if ((old & ~mask) == 0) {
      follow();
    }
  }

  private synchronized void follow() {
    if (bits.get() != 0) {
      line.raise();
    } else {
      line.lower();
    }
  }
}
