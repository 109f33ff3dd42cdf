package dev.platter.devices.virtio.blk;

/** Numbers of the virtio block device (section 5.2). */
public final class BlkAbi {
  /** Device ID (5.2.1). */
  public static final int DEVICE_ID = 2;

  /** The unit of the protocol in bytes, whatever the logical block size (5.2.5). */
  public static final int SECTOR_BYTES = 512;

  // ---- feature bits (5.2.3) ----

  /** seg_max is there. */
  public static final long F_SEG_MAX = 1L << 2;

  /** The disk is read-only. */
  public static final long F_RO = 1L << 5;

  /** blk_size is there. */
  public static final long F_BLK_SIZE = 1L << 6;

  /** Flushes are understood. */
  public static final long F_FLUSH = 1L << 9;

  /** The topology fields are there. */
  public static final long F_TOPOLOGY = 1L << 10;

  /** The driver may switch the write cache. */
  public static final long F_CONFIG_WCE = 1L << 11;

  /** num_queues is there. */
  public static final long F_MQ = 1L << 12;

  /** Discards are understood. */
  public static final long F_DISCARD = 1L << 13;

  /** Writes of zeroes are understood. */
  public static final long F_WRITE_ZEROES = 1L << 14;

  // ---- configuration space (5.2.4) ----

  /** le64, in sectors. */
  public static final int CFG_CAPACITY = 0;

  /** le32. */
  public static final int CFG_SEG_MAX = 12;

  /** le32, in bytes. */
  public static final int CFG_BLK_SIZE = 20;

  /** u8, log2 of logical blocks per physical block. */
  public static final int CFG_PHYSICAL_BLOCK_EXP = 24;

  /** le16, in logical blocks. */
  public static final int CFG_MIN_IO_SIZE = 26;

  /** le32, in logical blocks. */
  public static final int CFG_OPT_IO_SIZE = 28;

  /** u8: 0 writethrough, 1 writeback. */
  public static final int CFG_WRITEBACK = 32;

  /** le16. */
  public static final int CFG_NUM_QUEUES = 34;

  /** le32, in sectors. */
  public static final int CFG_MAX_DISCARD_SECTORS = 36;

  /** le32. */
  public static final int CFG_MAX_DISCARD_SEG = 40;

  /** le32, in sectors. */
  public static final int CFG_DISCARD_SECTOR_ALIGNMENT = 44;

  /** le32, in sectors. */
  public static final int CFG_MAX_WRITE_ZEROES_SECTORS = 48;

  /** le32. */
  public static final int CFG_MAX_WRITE_ZEROES_SEG = 52;

  /** u8: whether zeroes may be written by deallocation. */
  public static final int CFG_WRITE_ZEROES_MAY_UNMAP = 56;

  /** Where the fields that this device may have end. */
  public static final int CFG_BYTES = 60;

  // ---- requests (5.2.6) ----

  /** Size of le32 type, le32 reserved, le64 sector. */
  public static final int HEADER_BYTES = 16;

  /** Offset of le32 type. */
  public static final int HEADER_TYPE = 0;

  /** Offset of le64 sector. */
  public static final int HEADER_SECTOR = 8;

  /** Read. */
  public static final int T_IN = 0;

  /** Write. */
  public static final int T_OUT = 1;

  /** Flush. */
  public static final int T_FLUSH = 4;

  /** Read the disk's name. */
  public static final int T_GET_ID = 8;

  /** Discard. */
  public static final int T_DISCARD = 11;

  /** Write zeroes. */
  public static final int T_WRITE_ZEROES = 13;

  /** Length of the disk's name, padded with zeroes. */
  public static final int ID_BYTES = 20;

  /** Success. */
  public static final int S_OK = 0;

  /** Device or driver error. */
  public static final int S_IOERR = 1;

  /** Not supported. */
  public static final int S_UNSUPP = 2;

  /** Size of a discard or write-zeroes segment: le64 sector, le32 num_sectors, le32 flags. */
  public static final int SEGMENT_BYTES = 16;

  /** Offset of le32 num_sectors. */
  public static final int SEGMENT_NUM_SECTORS = 8;

  /** Offset of le32 flags. */
  public static final int SEGMENT_FLAGS = 12;

  /** The zeroes may be written by deallocation; not for discards. */
  public static final int SEGMENT_F_UNMAP = 1;

  private BlkAbi() {}
}
