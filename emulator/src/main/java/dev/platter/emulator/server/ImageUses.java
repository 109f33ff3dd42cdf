package dev.platter.emulator.server;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.server.config.ImageConfig;
import java.util.ArrayList;
import java.util.List;

/** Which exports use which disk, by whatever name ({@code identity}). Not thread-safe. */
final class ImageUses {
  /** A use of a disk. */
  record Use(Object identity, String export, boolean readOnly) {}

  private final List<Use> uses = new ArrayList<>();

  /**
   * Checks whether a disk may be used once more. Its lock would refuse it as well, but blame an
   * unknown user.
   *
   * @throws PlatterException of kind BAD_INPUT if it is a disk already, and one of them is writable
   */
  void check(Object identity, String export, ImageConfig image) {
    for (Use other : uses) {
      if (other.identity().equals(identity) && !(other.readOnly() && image.options().readOnly())) {
        throw PlatterException.badInput(
            image.path()
                + " is already a disk of "
                + (other.export().equals(export) ? "this export" : "export " + other.export()),
            "Give each writable disk its own image, or make all that share it readonly");
      }
    }
  }

  /** Adds a use of a disk, which it checks. */
  Use add(Object identity, String export, ImageConfig image) {
    check(identity, export, image);
    Use use = new Use(identity, export, image.options().readOnly());
    uses.add(use);
    return use;
  }

  /** Takes one away. */
  void remove(Use use) {
    uses.remove(use); // an equal one is as good
  }
}
