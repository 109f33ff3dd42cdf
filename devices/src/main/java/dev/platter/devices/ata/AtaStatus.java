package dev.platter.devices.ata;

/**
 * Bits of the STATUS (ACS-3 6.2), ERROR (6.3) and DEVICE fields, and of the device control field of
 * a Register Host to Device FIS (Serial ATA 3.x, 10.5).
 */
public final class AtaStatus {
  /** STATUS: an error was recorded. */
  public static final int ERR = 0x01;

  /** STATUS: the device wants data. */
  public static final int DRQ = 0x08;

  /** STATUS: bit 4, once "seek complete"; disks still report it. */
  public static final int DSC = 0x10;

  /** STATUS: the device is ready. */
  public static final int DRDY = 0x40;

  /** STATUS: the device has a command. */
  public static final int BSY = 0x80;

  /** STATUS of an idle device without an error. */
  public static final int READY = DRDY | DSC;

  /** STATUS of an idle device whose last command failed. */
  public static final int FAILED = DRDY | ERR;

  /** ERROR: the command was aborted. */
  public static final int ABRT = 0x04;

  /** ERROR: address not found, also "beyond the last sector". */
  public static final int IDNF = 0x10;

  /** ERROR: uncorrectable data. */
  public static final int UNC = 0x40;

  /** ERROR of a write: the medium is write-protected (ATA/ATAPI-6, WRITE DMA; obsolete since). */
  public static final int WP = 0x40;

  /** ERROR after a reset: self-test passed. */
  public static final int DIAGNOSTIC_PASSED = 0x01;

  /** DEVICE: LBA mode; CHS is obsolete since ATA-6. */
  public static final int DEVICE_LBA = 0x40;

  /** DEVICE of an NCQ write: force unit access. */
  public static final int DEVICE_FUA = 0x80;

  /** Device control: software reset. */
  public static final int CONTROL_SRST = 0x04;

  /** COUNT that CHECK POWER MODE returns for "active or idle". */
  public static final int POWER_ACTIVE = 0xff;

  /** COUNT that CHECK POWER MODE returns for "standby". */
  public static final int POWER_STANDBY = 0x00;

  private AtaStatus() {}
}
