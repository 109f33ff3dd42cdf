package dev.platter.emulator.serve;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.FileFacts;
import dev.platter.aio.file.FileHandle;
import dev.platter.devices.block.RawImage;
import java.util.HashMap;
import java.util.Map;

/** Opens the images of a server, and knows which exports use which file. */
final class Images {
  /** What two paths to the same disk have in common. */
  private record Identity(FileFacts.Type type, int major, int minor, long inode) {
    static Identity of(FileFacts facts) {
      // Block devices are told apart by their numbers: two nodes may lead to one.
      long inode = facts.type() == FileFacts.Type.BLOCK_DEVICE ? 0 : facts.inode();
      return new Identity(facts.type(), facts.deviceMajor(), facts.deviceMinor(), inode);
    }
  }

  private record Use(String export, boolean readOnly) {}

  private final Map<Identity, Use> uses = new HashMap<>();

  /**
   * Opens and locks an image.
   *
   * @param export whose it is
   * @throws PlatterException that names the export as well as the path
   */
  RawImage open(String export, ImageConfig config) {
    try {
      refuseSecondUse(export, config);
      return RawImage.open(config.path(), config.options());
    } catch (PlatterException e) {
      throw new PlatterException(
          e.kind(), "export " + export + ": " + e.getMessage(), e.remedy(), e);
    }
  }

  /** The lock would refuse it as well, but blame an unknown user. */
  private void refuseSecondUse(String export, ImageConfig config) {
    Identity identity;
    try (FileHandle probe = FileHandle.open(config.path(), false, false)) {
      identity = Identity.of(probe.facts());
    }
    boolean readOnly = config.options().readOnly();
    Use other = uses.putIfAbsent(identity, new Use(export, readOnly));
    if (other != null && !(other.readOnly() && readOnly)) {
      throw PlatterException.badInput(
          config.path()
              + " is already a disk of "
              + (other.export().equals(export) ? "this export" : "export " + other.export()),
          "Give each writable disk its own image, or make all that share it readonly");
    }
  }
}
