package dev.platter.devices.bus;

/**
 * A device's registers. Called with the big lock held; an access never blocks on I/O and never
 * throws, whatever the guest wrote.
 */
public interface MmioDevice {
  /**
   * Reads a register.
   *
   * @param offset byte offset in the device's range
   * @param sizeBytes 1, 2, 4 or 8
   * @return the value, zero-extended; all ones where nothing is
   */
  long read(long offset, int sizeBytes);

  /**
   * Writes a register.
   *
   * @param offset byte offset in the device's range
   * @param sizeBytes 1, 2, 4 or 8
   * @param value the value, zero-extended
   */
  void write(long offset, int sizeBytes, long value);
}
