package dev.platter.devices.pci;

/**
 * How many interrupts a function has of each kind; 0 for a kind that it does not have.
 *
 * @param intx 1 if it has an INTx pin (PCI Local Bus 3.0, 6.2.4)
 * @param msi the messages that its MSI capability offers: a power of two, at most 32 (6.8.1.3)
 * @param msix the vectors of its MSI-X table, at most 2048 (6.8.2.3)
 */
public record PciVectors(int intx, int msi, int msix) {
  private static final int MAX_MSI = 32;
  private static final int MAX_MSIX = 2048;

  /** Checks that a function can have so many. */
  public PciVectors {
    if (intx < 0
        || intx > 1
        || msi < 0
        || msi > MAX_MSI
        || Integer.bitCount(msi) > 1
        || msix < 0
        || msix > MAX_MSIX) {
      throw new IllegalArgumentException(intx + " INTx, " + msi + " MSI, " + msix + " MSI-X");
    }
  }
}
