package dev.platter.devices.pci;

/**
 * Offsets and bits of a type 0 configuration header (PCI Local Bus 3.0, 6.1 and 6.2) and of the MSI
 * capability (6.8.1).
 */
public final class PciConfig {
  /** Bytes of a conventional function's configuration space. */
  public static final int SIZE_BYTES = 256;

  /** Vendor, 16 bits. */
  public static final int VENDOR_ID = 0x00;

  /** Device, 16 bits. */
  public static final int DEVICE_ID = 0x02;

  /** Command, 16 bits, 6.2.2. */
  public static final int COMMAND = 0x04;

  /** Status, 16 bits, 6.2.3. */
  public static final int STATUS = 0x06;

  /** Revision, 8 bits; the class code is in the 24 bits above it, 6.2.1. */
  public static final int REVISION_ID = 0x08;

  /**
   * Cache line size, 8 bits: software's to set, without effect on memory that is not written back.
   */
  public static final int CACHE_LINE_SIZE = 0x0c;

  /** The first of six base address registers, 32 bits each, 6.2.5. */
  public static final int BAR_0 = 0x10;

  /** How many base address registers there are. */
  public static final int BARS = 6;

  /** BAR: it maps I/O addresses, not memory. */
  public static final int BAR_IO = 1;

  /** Subsystem vendor, 16 bits, 6.2.4. */
  public static final int SUBSYSTEM_VENDOR_ID = 0x2c;

  /** Subsystem, 16 bits. */
  public static final int SUBSYSTEM_ID = 0x2e;

  /** Where the first capability is, 8 bits, 6.7. */
  public static final int CAPABILITIES = 0x34;

  /** Interrupt line, 8 bits: a note that software keeps here, 6.2.4. */
  public static final int INTERRUPT_LINE = 0x3c;

  /** Interrupt pin, 8 bits: 1 is INTA#. */
  public static final int INTERRUPT_PIN = 0x3d;

  /** COMMAND: the function answers to memory accesses. */
  public static final int COMMAND_MEMORY = 1 << 1;

  /** COMMAND: the function may access memory, and send messages. */
  public static final int COMMAND_BUS_MASTER = 1 << 2;

  /** COMMAND: parity errors are reported. */
  public static final int COMMAND_PARITY = 1 << 6;

  /** COMMAND: SERR# is driven. */
  public static final int COMMAND_SERR = 1 << 8;

  /** COMMAND: INTx# is not asserted. */
  public static final int COMMAND_INTX_DISABLE = 1 << 10;

  /** STATUS: the function wants an interrupt, whatever COMMAND says. */
  public static final int STATUS_INTERRUPT = 1 << 3;

  /** STATUS: there is a list of capabilities. */
  public static final int STATUS_CAPABILITIES = 1 << 4;

  /** STATUS: DEVSEL# is asserted at medium speed. */
  public static final int STATUS_DEVSEL_MEDIUM = 1 << 9;

  /** STATUS: errors, each cleared by writing 1. */
  public static final int STATUS_ERRORS = 0xf900;

  /** MSI: its capability ID. */
  public static final int MSI_ID = 0x05;

  /** MSI: message control, from the capability's start. */
  public static final int MSI_CONTROL = 2;

  /** MSI: message address, 64 bits. */
  public static final int MSI_ADDRESS = 4;

  /** MSI: message data, 16 bits, of a capability with a 64-bit address. */
  public static final int MSI_DATA = 12;

  /** MSI control: messages are sent instead of INTx#. */
  public static final int MSI_ENABLE = 1;

  /** MSI control: how many of the offered messages are allocated. */
  public static final int MSI_MULTIPLE_ENABLE = 7 << 4;

  /** MSI control: the address has 64 bits. */
  public static final int MSI_64_BIT = 1 << 7;

  private PciConfig() {}
}
