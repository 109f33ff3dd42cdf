package dev.platter.devices.block.image;

/**
 * How an image is opened.
 *
 * @param readOnly open it for reading only, with a lock that readers share
 * @param cache O_DIRECT or the page cache
 * @param discard whether discards deallocate; if not they succeed and do nothing
 * @param logicalBlockBytes the sector that guests see, 512 or 4096: part of what the image is,
 *     since partition tables count in it, and the same on any host
 * @param lock whether the file is locked; without, nothing keeps a second writer away
 * @param foreign what to do with contents that are those of another format
 */
public record ImageOptions(
    boolean readOnly,
    CacheMode cache,
    boolean discard,
    int logicalBlockBytes,
    boolean lock,
    Foreign foreign) {
  /** What to do with an image whose contents are those of a {@link ForeignFormat}. */
  public enum Foreign {
    /** Refuse it; but for a LUKS volume that a guest may have made of its disk. */
    REFUSE,
    /**
     * Tell of it, and refuse it only if no guest can have brought it about: its size is no disk's,
     * or its name says the same.
     */
    TELL,
    /** Take it for the raw disk that somebody says it is. */
    TAKE
  }

  /** The sector of an image of which nothing else was said, in bytes. */
  public static final int DEFAULT_BLOCK_BYTES = 512;

  /** The other one, in bytes. */
  public static final int LARGE_BLOCK_BYTES = 4096;

  /** Writable, O_DIRECT, discards deallocate. */
  public static final ImageOptions WRITABLE = new ImageOptions(false, CacheMode.NONE, true);

  /** Read-only, O_DIRECT. */
  public static final ImageOptions READ_ONLY = new ImageOptions(true, CacheMode.NONE, false);

  /** Checks the sector size. */
  public ImageOptions {
    if (logicalBlockBytes != DEFAULT_BLOCK_BYTES && logicalBlockBytes != LARGE_BLOCK_BYTES) {
      throw new IllegalArgumentException("logical block of " + logicalBlockBytes + " bytes");
    }
  }

  /** Those of an image with sectors of {@link #DEFAULT_BLOCK_BYTES}. */
  public ImageOptions(boolean readOnly, CacheMode cache, boolean discard) {
    this(readOnly, cache, discard, DEFAULT_BLOCK_BYTES);
  }

  /** Those of an image that is locked, and refused if it is of another format. */
  public ImageOptions(boolean readOnly, CacheMode cache, boolean discard, int logicalBlockBytes) {
    this(readOnly, cache, discard, logicalBlockBytes, true, Foreign.REFUSE);
  }

  /** The same with another cache mode. */
  public ImageOptions withCache(CacheMode cache) {
    return new ImageOptions(readOnly, cache, discard, logicalBlockBytes, lock, foreign);
  }

  /** The same with another sector size, 512 or 4096. */
  public ImageOptions withLogicalBlock(int bytes) {
    return new ImageOptions(readOnly, cache, discard, bytes, lock, foreign);
  }

  /** The same, locked or not. */
  public ImageOptions withLock(boolean locked) {
    return new ImageOptions(readOnly, cache, discard, logicalBlockBytes, locked, foreign);
  }

  /** The same with something else to be done with another format. */
  public ImageOptions withForeign(Foreign done) {
    return new ImageOptions(readOnly, cache, discard, logicalBlockBytes, lock, done);
  }
}
