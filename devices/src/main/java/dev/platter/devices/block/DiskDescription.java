package dev.platter.devices.block;

import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ForeignFormat;
import java.util.Optional;

/**
 * A disk as messages, events and reports describe it, and its identity.
 *
 * @param name its name for users, for example a path
 * @param cache whether the host's page cache lies between
 * @param identity equal for two disks exactly if they have the same contents
 * @param foreign the format of its contents, if the disk holds another format's file and is used as
 *     a raw disk
 */
public record DiskDescription(
    String name, CacheMode cache, Object identity, Optional<ForeignFormat> foreign) {
  /** A disk without a page cache whose contents are raw. */
  public static DiskDescription of(String name, Object identity) {
    return new DiskDescription(name, CacheMode.NONE, identity, Optional.empty());
  }
}
