package dev.platter.devices.block;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.FileChanges;
import dev.platter.devices.block.image.Preallocation;
import org.jspecify.annotations.Nullable;

/**
 * The size of a disk that can change: by somebody who changes what the disk is stored in, which has
 * to be found out, or by {@link #grow}. Guests see a new size only when {@link #resizeTo} says so.
 */
public interface Resizable {
  /** The disk's size in bytes as guests see it now. Any thread. */
  long sizeBytes();

  /**
   * What the disk's size should be by what it is stored in. Any thread; may wait for the host.
   *
   * @return in bytes; that of the disk if the host does not tell
   */
  long currentSizeBytes();

  /**
   * Gives the disk another size, also a smaller one, and tells the listeners. For the main loop.
   *
   * @param bytes as {@link #currentSizeBytes} tells
   */
  void resizeTo(long bytes);

  /**
   * Looks whether the size has changed, and tells the listeners if so: {@link #currentSizeBytes}
   * and {@link #resizeTo}. For the main loop of a machine whose file systems answer.
   */
  default void checkForResize() {
    resizeTo(currentSizeBytes());
  }

  /**
   * Asks to be told when the size may have changed.
   *
   * @return the watch; {@link FileChanges#NONE} if nothing tells, as of a block device
   */
  int watchedBy(FileChanges changes);

  /**
   * Makes what the disk is stored in larger, and returns once that is on stable storage; {@link
   * #checkForResize} finds it. Blocks. A disk is never made smaller.
   *
   * @param bytes the new size, a multiple of the block size
   * @param preallocation {@code OFF} for a hole, {@code FALLOC} to reserve the space; null for a
   *     hole only if the disk has one already
   * @return how it was grown
   * @throws PlatterException if the size cannot be, or there is no space; it has its old size then
   */
  Preallocation grow(long bytes, @Nullable Preallocation preallocation);
}
