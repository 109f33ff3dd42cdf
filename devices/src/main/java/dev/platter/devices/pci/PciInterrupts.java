package dev.platter.devices.pci;

/**
 * Where a function's interrupts go. Called with the big lock held, from any thread; returns at
 * once.
 */
public interface PciInterrupts {
  /** The function asserts or deasserts its INTx pin; told at each change. */
  void intx(boolean asserted);

  /** The function sends its message (MSI has one here). */
  void message();
}
