package dev.platter.devices.testkit;

import dev.platter.aio.sys.FutexWord;
import dev.platter.devices.bus.IrqLine;

/** An interrupt line on which a vCPU's thread halts. */
public final class HaltIrq implements IrqLine {
  private final FutexWord level = new FutexWord();

  @Override
  public void raise() {
    level.set(1);
    level.wakeOne();
  }

  @Override
  public void lower() {
    level.set(0);
  }

  /** Halts until the line is high. */
  public void await() {
    while (level.get() == 0) {
      level.await(0);
    }
  }
}
