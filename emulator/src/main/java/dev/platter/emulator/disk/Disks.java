package dev.platter.emulator.disk;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.LockPatience;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.DiskExamination;
import dev.platter.devices.block.ImageOptions;
import dev.platter.devices.block.RawImage;
import java.util.Optional;

/** Opens a disk by its name: the path of a raw image or block device. Any thread. */
public final class Disks {
  private Disks() {}

  /**
   * Opens a disk that nobody is waited for.
   *
   * @throws PlatterException as {@link #open(String, ImageOptions, String, LockPatience)}
   */
  public static BlockBackend open(String name, ImageOptions options) {
    return open(name, options, "", LockPatience.none());
  }

  /**
   * Opens a disk.
   *
   * @param place where its guest comes from, in words that the next server uses, too
   * @param patience for what a dead user of it has in flight
   * @throws PlatterException of kind BAD_INPUT, with a remedy, if it cannot serve as a disk; of
   *     kind FAILED if there is not enough patience
   */
  public static BlockBackend open(
      String name, ImageOptions options, String place, LockPatience patience) {
    return RawImage.open(name, options, place, patience);
  }

  /**
   * Looks whether a disk could be opened, and who uses it; leaves it as it is.
   *
   * @throws PlatterException as {@link #open(String, ImageOptions, String, LockPatience)}, but not
   *     for its users
   */
  public static DiskExamination examine(
      String name, ImageOptions options, String place, LockPatience patience) {
    return RawImage.examine(name, options, place, patience);
  }

  /**
   * What a disk would have as its identity once it is open; empty if no other can have the same.
   *
   * @throws PlatterException if there is no such disk
   */
  public static Optional<Object> identify(String name) {
    return Optional.of(RawImage.identify(name));
  }
}
