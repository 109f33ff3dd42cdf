package dev.platter.devices.pci;

/**
 * Where a function's interrupts go. Called with the big lock held, from any thread; returns at
 * once. A function calls it for interrupts that {@link PciFunction#vectors} counts, and sends
 * messages of the kind that its guest has enabled (PCI Local Bus 3.0, 6.8.3).
 */
public interface PciInterrupts {
  /** The function asserts or deasserts its INTx pin; called at each change. */
  void intx(boolean asserted);

  /**
   * The function sends an MSI.
   *
   * @param vector the number of the message; below the number that the guest has allocated, and
   *     below {@link PciVectors#msi}: a guest may allocate more than there are (PCI Local Bus 3.0,
   *     6.8.1.3)
   */
  void msi(int vector);

  /**
   * The function sends an MSI-X message.
   *
   * @param vector the entry of the MSI-X table; not masked there, as far as the function knows the
   *     table
   */
  void msix(int vector);
}
