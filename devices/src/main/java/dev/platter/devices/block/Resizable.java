package dev.platter.devices.block;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.FileChanges;
import dev.platter.devices.block.image.Preallocation;
import org.jspecify.annotations.Nullable;

/**
 * The size of a disk that can change: another program changes the disk's storage, or {@link #grow}
 * does. Guests see a new size only after {@link #resizeTo}.
 */
public interface Resizable {
  /** The disk's size in bytes as guests see it now. Any thread. */
  long sizeBytes();

  /**
   * The size of the disk's storage. Any thread; may wait for the host.
   *
   * @return in bytes; the disk's size if the host does not know
   */
  long currentSizeBytes();

  /**
   * Sets the disk's size, also to a smaller one, and calls the listeners. For the main loop.
   *
   * @param bytes as {@link #currentSizeBytes} returns it
   */
  void resizeTo(long bytes);

  /**
   * Applies a change of the storage's size: {@link #currentSizeBytes} and {@link #resizeTo}. For
   * the main loop of a machine whose file systems answer.
   */
  default void checkForResize() {
    resizeTo(currentSizeBytes());
  }

  /**
   * Watches for changes of the size.
   *
   * @return the watch; {@link FileChanges#NONE} if there is no such watch, as for a block device
   */
  int watchedBy(FileChanges changes);

  /**
   * Makes the disk's storage larger, and returns once that is on stable storage; {@link
   * #checkForResize} applies it. Blocks. A disk is never made smaller.
   *
   * @param bytes the new size, a multiple of the block size
   * @param preallocation {@code OFF} for a hole, {@code FALLOC} to reserve the space; null for a
   *     hole only if the disk has one already
   * @return how it was grown
   * @throws PlatterException if the size cannot be, or there is no space; it has its old size then
   */
  Preallocation grow(long bytes, @Nullable Preallocation preallocation);
}
