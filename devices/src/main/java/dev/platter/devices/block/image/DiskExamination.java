package dev.platter.devices.block.image;

import dev.platter.aio.PlatterException;
import java.util.Optional;

/**
 * What was found of a disk that was looked at and not opened.
 *
 * @param identity equal for two disks exactly if they have the same contents
 * @param locked why it could not be locked now; empty if it could
 * @param waits whether opening it would wait for its lock
 * @param served whether a process of this program has it locked, even so that it may be shared
 * @param foreign the format that its contents are those of, if it would be served all the same
 */
public record DiskExamination(
    Object identity,
    Optional<PlatterException> locked,
    boolean waits,
    boolean served,
    Optional<ForeignFormat> foreign) {
  /** A disk that nobody else can have. */
  public static DiskExamination ofOwn() {
    return new DiskExamination(new Object(), Optional.empty(), false, false, Optional.empty());
  }
}
