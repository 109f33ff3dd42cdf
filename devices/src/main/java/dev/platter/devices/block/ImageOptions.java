package dev.platter.devices.block;

/**
 * How an image is opened.
 *
 * @param readOnly open it for reading only, with a lock that readers share
 * @param cache O_DIRECT or the page cache
 * @param discard whether discards deallocate; if not they succeed and do nothing
 * @param logicalBlockBytes the sector that guests see, 512 or 4096: part of what the image is,
 *     since partition tables count in it, and the same on any host
 */
public record ImageOptions(
    boolean readOnly, CacheMode cache, boolean discard, int logicalBlockBytes) {
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

  /** The same with another cache mode. */
  public ImageOptions withCache(CacheMode cache) {
    return new ImageOptions(readOnly, cache, discard, logicalBlockBytes);
  }

  /** The same with another sector size, 512 or 4096. */
  public ImageOptions withLogicalBlock(int bytes) {
    return new ImageOptions(readOnly, cache, discard, bytes);
  }
}
