package dev.platter.devices.block;

/**
 * How an image is opened.
 *
 * @param readOnly open it for reading only, with a lock that readers share
 * @param cache O_DIRECT or the page cache
 * @param discard whether discards deallocate; if not they succeed and do nothing
 */
public record ImageOptions(boolean readOnly, CacheMode cache, boolean discard) {
  /** Writable, O_DIRECT, discards deallocate. */
  public static final ImageOptions WRITABLE = new ImageOptions(false, CacheMode.NONE, true);

  /** Read-only, O_DIRECT. */
  public static final ImageOptions READ_ONLY = new ImageOptions(true, CacheMode.NONE, false);

  /** The same with another cache mode. */
  public ImageOptions withCache(CacheMode cache) {
    return new ImageOptions(readOnly, cache, discard);
  }
}
