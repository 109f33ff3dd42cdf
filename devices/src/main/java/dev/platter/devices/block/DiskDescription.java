package dev.platter.devices.block;

import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ForeignFormat;
import java.util.Optional;

/**
 * What messages, events and reports say of a disk, and how two uses of one are told.
 *
 * @param name how users call it, for example its path
 * @param cache whether the host's page cache lies between
 * @param identity equal for two disks exactly if they have the same contents
 * @param foreign the format that its contents are those of, though it is used as a raw disk
 */
public record DiskDescription(
    String name, CacheMode cache, Object identity, Optional<ForeignFormat> foreign) {
  /** A disk without a page cache whose contents are raw. */
  public static DiskDescription of(String name, Object identity) {
    return new DiskDescription(name, CacheMode.NONE, identity, Optional.empty());
  }
}
