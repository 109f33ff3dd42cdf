package dev.platter.emulator.serve;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.FileFacts;
import java.util.ArrayList;
import java.util.List;

/** Which exports use which file, by whatever path. Not thread-safe. */
final class ImageUses {
  /** What two paths to the same disk have in common. */
  record Identity(FileFacts.Type type, int major, int minor, long inode) {
    static Identity of(FileFacts facts) {
      // Block devices are told apart by their numbers: two nodes may lead to one.
      long inode = facts.type() == FileFacts.Type.BLOCK_DEVICE ? 0 : facts.inode();
      return new Identity(facts.type(), facts.deviceMajor(), facts.deviceMinor(), inode);
    }
  }

  /** A use of a file. */
  record Use(Identity identity, String export, boolean readOnly) {}

  private final List<Use> uses = new ArrayList<>();

  /**
   * Checks whether a file may be used once more. Its lock would refuse it as well, but blame an
   * unknown user.
   *
   * @throws PlatterException of kind BAD_INPUT if it is a disk already, and one of them is writable
   */
  void check(Identity identity, String export, ImageConfig image) {
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

  /** Adds a use of a file, which it checks. */
  Use add(FileFacts facts, String export, ImageConfig image) {
    Identity identity = Identity.of(facts);
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
