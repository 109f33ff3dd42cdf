package dev.platter.devices.ata;

/**
 * Command codes and their subcommands. Each is described in the clause of ACS-3 section 7 that
 * bears its name; commands marked ATA8-ACS are in that standard only.
 */
public final class AtaCommand {
  /** DATA SET MANAGEMENT. */
  public static final int DATA_SET_MANAGEMENT = 0x06;

  /** READ SECTOR(S). */
  public static final int READ_SECTORS = 0x20;

  /** READ SECTOR(S) EXT. */
  public static final int READ_SECTORS_EXT = 0x24;

  /** READ DMA EXT. */
  public static final int READ_DMA_EXT = 0x25;

  /** READ NATIVE MAX ADDRESS EXT (ATA8-ACS). */
  public static final int READ_NATIVE_MAX_EXT = 0x27;

  /** READ MULTIPLE EXT (ATA8-ACS). */
  public static final int READ_MULTIPLE_EXT = 0x29;

  /** READ LOG EXT. */
  public static final int READ_LOG_EXT = 0x2f;

  /** WRITE SECTOR(S). */
  public static final int WRITE_SECTORS = 0x30;

  /** WRITE SECTOR(S) EXT. */
  public static final int WRITE_SECTORS_EXT = 0x34;

  /** WRITE DMA EXT. */
  public static final int WRITE_DMA_EXT = 0x35;

  /** WRITE MULTIPLE EXT (ATA8-ACS). */
  public static final int WRITE_MULTIPLE_EXT = 0x39;

  /** WRITE DMA FUA EXT. */
  public static final int WRITE_DMA_FUA_EXT = 0x3d;

  /** WRITE LOG EXT. */
  public static final int WRITE_LOG_EXT = 0x3f;

  /** READ VERIFY SECTOR(S). */
  public static final int READ_VERIFY = 0x40;

  /** READ VERIFY SECTOR(S) EXT. */
  public static final int READ_VERIFY_EXT = 0x42;

  /** READ LOG DMA EXT. */
  public static final int READ_LOG_DMA_EXT = 0x47;

  /** READ FPDMA QUEUED. */
  public static final int READ_FPDMA_QUEUED = 0x60;

  /** WRITE FPDMA QUEUED. */
  public static final int WRITE_FPDMA_QUEUED = 0x61;

  /** EXECUTE DEVICE DIAGNOSTIC. */
  public static final int EXECUTE_DEVICE_DIAGNOSTIC = 0x90;

  /** IDENTIFY PACKET DEVICE: aborted by a disk. */
  public static final int IDENTIFY_PACKET_DEVICE = 0xa1;

  /** SMART: the feature set is not implemented. */
  public static final int SMART = 0xb0;

  /** READ MULTIPLE (ATA8-ACS). */
  public static final int READ_MULTIPLE = 0xc4;

  /** WRITE MULTIPLE (ATA8-ACS). */
  public static final int WRITE_MULTIPLE = 0xc5;

  /** SET MULTIPLE MODE (ATA8-ACS). */
  public static final int SET_MULTIPLE_MODE = 0xc6;

  /** READ DMA. */
  public static final int READ_DMA = 0xc8;

  /** WRITE DMA. */
  public static final int WRITE_DMA = 0xca;

  /** STANDBY IMMEDIATE. */
  public static final int STANDBY_IMMEDIATE = 0xe0;

  /** IDLE IMMEDIATE. */
  public static final int IDLE_IMMEDIATE = 0xe1;

  /** STANDBY. */
  public static final int STANDBY = 0xe2;

  /** IDLE. */
  public static final int IDLE = 0xe3;

  /** CHECK POWER MODE. */
  public static final int CHECK_POWER_MODE = 0xe5;

  /** SLEEP. */
  public static final int SLEEP = 0xe6;

  /** FLUSH CACHE. */
  public static final int FLUSH_CACHE = 0xe7;

  /** FLUSH CACHE EXT. */
  public static final int FLUSH_CACHE_EXT = 0xea;

  /** IDENTIFY DEVICE. */
  public static final int IDENTIFY_DEVICE = 0xec;

  /** SET FEATURES. */
  public static final int SET_FEATURES = 0xef;

  /** READ NATIVE MAX ADDRESS (ATA8-ACS). */
  public static final int READ_NATIVE_MAX = 0xf8;

  /** SET FEATURES: enable the volatile write cache. */
  public static final int FEATURE_WRITE_CACHE_ON = 0x02;

  /** SET FEATURES: set transfer mode; the mode is in COUNT. */
  public static final int FEATURE_TRANSFER_MODE = 0x03;

  /** SET FEATURES: enable the SATA feature that COUNT names. */
  public static final int FEATURE_SATA_ON = 0x10;

  /** SET FEATURES: disable the SATA feature that COUNT names. */
  public static final int FEATURE_SATA_OFF = 0x90;

  /** SATA feature: software settings preservation. */
  public static final int SATA_PRESERVE_SETTINGS = 0x06;

  /** SET FEATURES: disable read look-ahead. */
  public static final int FEATURE_LOOK_AHEAD_OFF = 0x55;

  /** SET FEATURES: disable the volatile write cache. */
  public static final int FEATURE_WRITE_CACHE_OFF = 0x82;

  /** SET FEATURES: enable read look-ahead. */
  public static final int FEATURE_LOOK_AHEAD_ON = 0xaa;

  /** DATA SET MANAGEMENT: the TRIM bit of FEATURE. */
  public static final int DSM_TRIM = 0x01;

  private AtaCommand() {}
}
