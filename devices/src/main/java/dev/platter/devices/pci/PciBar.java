package dev.platter.devices.pci;

import dev.platter.devices.bus.MmioDevice;

/**
 * A range of registers that a guest maps by a base address register (PCI Local Bus 3.0, 6.2.5).
 *
 * @param index its number, 0 to 5
 * @param space the address space that it is mapped into
 * @param sizeBytes its length, a power of two: at least 16 of memory, 4 to 256 of I/O
 * @param registers its registers; they get accesses of 1, 2, 4 or 8 bytes, aligned to their size
 */
public record PciBar(int index, Space space, int sizeBytes, MmioDevice registers) {
  private static final int MIN_MEMORY_BYTES = 16;
  private static final int MIN_IO_BYTES = 4;
  private static final int MAX_IO_BYTES = 256;

  /** The address spaces of PCI. */
  public enum Space {
    /** Memory, below 4 GiB and not prefetchable. */
    MEMORY,

    /** I/O ports. */
    IO
  }

  /** Checks the arguments against the specification. */
  public PciBar {
    int least = space == Space.IO ? MIN_IO_BYTES : MIN_MEMORY_BYTES;
    if (index < 0
        || index >= PciConfig.BARS
        || sizeBytes < least
        || Integer.bitCount(sizeBytes) != 1
        || (space == Space.IO && sizeBytes > MAX_IO_BYTES)) {
      throw new IllegalArgumentException("BAR " + index + " of " + sizeBytes + " bytes, " + space);
    }
  }
}
