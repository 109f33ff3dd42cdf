package dev.platter.devices.bus;

/**
 * A level-triggered interrupt line owned by one device. Both methods are idempotent, may be called
 * from any thread and return at once.
 */
public interface IrqLine {
  /** Asserts the line. */
  void raise();

  /** Deasserts the line. */
  void lower();
}
