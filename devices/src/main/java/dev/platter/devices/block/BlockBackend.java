package dev.platter.devices.block;

/**
 * A disk's contents, of a size in bytes that is a multiple of {@link #blockSizeBytes}.
 *
 * <p>Error model: {@link #submit} never throws for what a guest may cause. A request that does not
 * fit the disk completes with {@code -EINVAL}, a write to a read-only disk with {@code -EROFS}, a
 * failed transfer with the kernel's error; short transfers are resumed inside and never seen.
 */
public interface BlockBackend extends AutoCloseable {
  /**
   * The disk's size in bytes as guests see it now; it may grow (see {@link #addResizeListener}).
   */
  long sizeBytes();

  /**
   * The unit in bytes that offsets and lengths must be multiples of. Devices present it as the
   * logical block size.
   */
  int blockSizeBytes();

  /**
   * What the host reads and writes as one, in bytes; a multiple of {@link #blockSizeBytes}. Smaller
   * writes are done, too, and cost a read.
   */
  default int physicalBlockSizeBytes() {
    return blockSizeBytes();
  }

  /** Whether writes are refused. */
  boolean readOnly();

  /**
   * Whether completed writes may still be in a volatile cache until a flush. Devices tell their
   * guest, so that it sends flushes.
   */
  boolean writeCache();

  /**
   * Starts a request on the current context. May complete it before returning.
   *
   * @param request a prepared slot that is not in flight; its memory stays valid until completion
   */
  void submit(BlockRequest request);

  /**
   * Makes all completed writes stable, on the calling thread, which waits for it. For who has to
   * know it before going on and runs no loop; also while loops are suspended. Any thread.
   *
   * @return 0 or {@code -errno}; once a flush of any kind has failed, never 0 again
   */
  int sync();

  /**
   * Asks for a request back that its owner no longer wants to wait for; it is still completed,
   * once. A discard that is not done yet ends with 0, a write of zeroes with {@code -ECANCELED},
   * each before its next part; other requests go on. May complete it before returning. On the
   * context that the request was submitted on.
   */
  default void cutShort(BlockRequest request) {}

  /**
   * Registers to be told of a new size.
   *
   * @param listener runs on the main loop with the new size in bytes
   */
  void addResizeListener(java.util.function.LongConsumer listener);

  /** Releases the disk; nothing may be in flight. Idempotent. */
  @Override
  void close();
}
