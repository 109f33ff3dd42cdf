package dev.platter.devices.virtio.mmio;

import dev.platter.devices.bus.IrqLine;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The interrupt status register and the line that follows it: high while a bit is set.
 *
 * <p>IOThreads set bits while a vCPU clears others. Whoever takes the register from zero or to zero
 * then sets the line, and looks again: the last to touch the line has seen the register agree with
 * it, so no bit is left without its interrupt and the line is not left high for nothing. There is
 * no lock, because raising the line may wake the very vCPU that will clear the bit.
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

  private void follow() {
    boolean high;
    do {
      high = bits.get() != 0;
      if (high) {
        line.raise();
      } else {
        line.lower();
      }
    } while ((bits.get() != 0) != high);
  }
}
