package dev.platter.devices.pci;

import dev.platter.devices.bus.MmioDevice;

/**
 * The bytes of a configuration space. Each bit is read-only, writable, or cleared by writing 1.
 * Little-endian; accesses may have any alignment.
 */
public final class PciConfigSpace implements MmioDevice {
  private final byte[] initial = new byte[PciConfig.SIZE_BYTES];
  private final byte[] values = new byte[PciConfig.SIZE_BYTES];
  private final byte[] writable = new byte[PciConfig.SIZE_BYTES];
  private final byte[] clearable = new byte[PciConfig.SIZE_BYTES];

  /**
   * Defines a register: its value after reset, and which bits are writable.
   *
   * @param sizeBytes 1, 2 or 4
   */
  public void define(int offset, int sizeBytes, int value, int writableMask) {
    for (int i = 0; i < sizeBytes; i++) {
      initial[offset + i] = (byte) (value >> (8 * i));
      values[offset + i] = initial[offset + i];
      writable[offset + i] = (byte) (writableMask >> (8 * i));
    }
  }

  /** Defines a BAR: software finds its size in the bits that stay 0 (6.2.5.1). */
  public void define(PciBar bar) {
    int space = bar.space() == PciBar.Space.IO ? PciConfig.BAR_IO : 0;
    define(PciConfig.BAR_0 + 4 * bar.index(), 4, space, -bar.sizeBytes());
  }

  /** Defines which bits of a register are cleared by writing 1. */
  public void defineClearable(int offset, int sizeBytes, int mask) {
    for (int i = 0; i < sizeBytes; i++) {
      clearable[offset + i] = (byte) (mask >> (8 * i));
    }
  }

  /** Sets all registers to their values after reset. */
  public void reset() {
    System.arraycopy(initial, 0, values, 0, values.length);
  }

  /** Reads a 16-bit register as software does. */
  public int word(int offset) {
    return (values[offset] & 0xff) | (values[offset + 1] & 0xff) << 8;
  }

  /** Sets or clears the bits in {@code mask} of a 16-bit register, also read-only ones. */
  public void set(int offset, int mask, boolean on) {
    int word = on ? word(offset) | mask : word(offset) & ~mask;
    values[offset] = (byte) word;
    values[offset + 1] = (byte) (word >> 8);
  }

  @Override
  public long read(long offset, int sizeBytes) {
    long value = 0;
    for (int i = 0; i < sizeBytes; i++) {
      long at = offset + i;
      long part = at >= 0 && at < values.length ? values[(int) at] & 0xff : 0xff;
      value |= part << (8 * i);
    }
    return value;
  }

  @Override
  public void write(long offset, int sizeBytes, long value) {
    for (int i = 0; i < sizeBytes; i++) {
      long at = offset + i;
      if (at >= 0 && at < values.length) {
        writeByte((int) at, (int) (value >> (8 * i)));
      }
    }
  }

  private void writeByte(int at, int value) {
    int kept = values[at] & ~writable[at] & ~(value & clearable[at]);
    values[at] = (byte) (kept | (value & writable[at]));
  }
}
