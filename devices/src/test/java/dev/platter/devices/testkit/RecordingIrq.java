package dev.platter.devices.testkit;

import dev.platter.devices.bus.IrqLine;

/** An interrupt line that remembers its level and how often it rose. Safe from any thread. */
public final class RecordingIrq implements IrqLine {
  private boolean asserted;
  private long raiseCalls;
  private long edges;

  @Override
  public synchronized void raise() {
    raiseCalls++;
    if (!asserted) {
      asserted = true;
      edges++;
    }
  }

  @Override
  public synchronized void lower() {
    asserted = false;
  }

  /** Whether the line is asserted. */
  public synchronized boolean asserted() {
    return asserted;
  }

  /** How many times the line went from low to high. */
  public synchronized long edges() {
    return edges;
  }

  /** How many times {@link #raise} was called, also while the line was high. */
  public synchronized long raiseCalls() {
    return raiseCalls;
  }
}
