package dev.platter.emulator.server.config;

import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.DiskDescription;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.image.ImageOptions.Foreign;
import dev.platter.emulator.host.disk.Disks;
import org.jspecify.annotations.Nullable;

/**
 * An image to open, or a disk that a program lends.
 *
 * @param path a raw image, a block device, or the name of another kind of disk
 * @param options how to open it
 * @param lent the disk itself, which the program closes; null for an image to open
 */
public record ImageConfig(String path, ImageOptions options, @Nullable BlockBackend lent) {
  /** An image to open. */
  public ImageConfig(String path, ImageOptions options) {
    this(path, options, null);
  }

  /** A disk that a program lends, and closes itself. */
  public static ImageConfig of(BlockBackend disk) {
    DiskDescription its = disk.description();
    ImageOptions options =
        new ImageOptions(disk.readOnly(), its.cache(), !disk.readOnly(), disk.blockSizeBytes());
    return new ImageConfig(its.name(), options, disk);
  }

  /** The most memory that its contents take, in bytes. */
  long memoryBytes() {
    return lent == null ? Disks.memoryBytes(path) : 0;
  }

  /**
   * How to open it.
   *
   * @param besideOthers whether a refusal also affects other disks: a guest's writes to its own
   *     disk must not keep other disks from their guests
   */
  public ImageOptions options(boolean besideOthers) {
    return besideOthers && options.foreign() == Foreign.REFUSE
        ? options.withForeign(Foreign.TELL)
        : options;
  }
}
