package dev.platter.devices.block.image;

import java.util.Locale;

/**
 * How the storage of a new raw image is allocated. It decides what a first write costs: where the
 * file system must allocate, convert or extend under its exclusive inode lock, io_uring cannot do
 * an O_DIRECT write inline and hands it to an io-wq worker thread (it is <em>punted</em>).
 *
 * <p>The figures are 8 KiB O_DIRECT writes over a fresh 8 MiB image on ext4, Linux 6.18; {@link
 * DirectWrites} has the rule behind them.
 */
public enum Preallocation {
  /**
   * Only {@code i_size} is set: the image is one hole. Takes no space and no time; every first
   * write to a block is punted (1024 of 1024), and may find the disk full.
   */
  OFF,

  /**
   * fallocate(2) mode 0: blocks are reserved as <em>unwritten</em> extents and {@code i_size}
   * covers them. Quick, the space is guaranteed, and a write within it is not punted (0 of 1024) as
   * long as it covers whole file system blocks and stays on one side of what is written already.
   * Hence the default: {@link #OFF} measures the host's allocator instead of the disk, and {@link
   * #FULL} writes everything twice.
   */
  FALLOC,

  /**
   * fallocate(2) with FALLOC_FL_KEEP_SIZE, which reserves unwritten extents and leaves {@code
   * i_size} at 0, then ftruncate(2), because a disk needs its size. The known trouble with
   * KEEP_SIZE is that each write then extends the file, and is punted (1024 of 1024); an image has
   * its size from the start, so on ext4 it behaves as {@link #FALLOC} does (0 of 1024). This mode
   * is for checking just that on another kernel or file system.
   */
  FALLOC_KEEP_SIZE,

  /**
   * As {@link #FALLOC}, then zeroes are really written to all of it: <em>written</em> extents. No
   * write is punted for allocation, small and unaligned ones included. Takes as long as writing the
   * image.
   */
  FULL;

  /** The option value: {@code off}, {@code falloc}, {@code falloc-keep-size}, {@code full}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
