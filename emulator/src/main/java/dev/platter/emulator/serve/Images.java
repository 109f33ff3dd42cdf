package dev.platter.emulator.serve;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.FileFacts;
import dev.platter.aio.file.FileHandle;
import dev.platter.aio.file.LockPatience;
import dev.platter.devices.block.RawImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Opens the images of a server, and knows which exports use which file. Any thread. */
final class Images {
  /** What two paths to the same disk have in common. */
  private record Identity(FileFacts.Type type, int major, int minor, long inode) {
    static Identity of(FileFacts facts) {
      // Block devices are told apart by their numbers: two nodes may lead to one.
      long inode = facts.type() == FileFacts.Type.BLOCK_DEVICE ? 0 : facts.inode();
      return new Identity(facts.type(), facts.deviceMajor(), facts.deviceMinor(), inode);
    }
  }

  private record Use(Identity identity, String export, boolean readOnly, RawImage image) {}

  private final List<Use> uses = new ArrayList<>();

  /**
   * Opens and locks an image.
   *
   * @param export whose it is
   * @param patience for what a dead user of the image has in flight
   * @throws PlatterException that names the export as well as the path
   */
  RawImage open(ExportConfig export, ImageConfig config, LockPatience patience) {
    try {
      Identity identity = identify(config);
      refuseSecondUse(identity, export.name(), config);
      RawImage image = RawImage.open(config.path(), config.options(), place(export), patience);
      refuseOther(identity, image);
      synchronized (uses) {
        uses.add(new Use(identity, export.name(), config.options().readOnly(), image));
      }
      return image;
    } catch (PlatterException e) {
      throw new PlatterException(
          e.kind(), "export " + export.name() + ": " + e.getMessage(), e.remedy(), e);
    }
  }

  /** Where the guests of an export come from, in words that the next server uses, too. */
  private static String place(ExportConfig export) {
    if (!(export.endpoint() instanceof Endpoint.SocketPath(Path path))) {
      return "export " + export.name();
    }
    Path absolute = path.toAbsolutePath().normalize();
    Path directory = absolute.getParent();
    try {
      return directory == null
          ? absolute.toString()
          : directory.toRealPath().resolve(absolute.getFileName()).toString();
    } catch (IOException e) {
      return absolute.toString(); // the socket will be refused
    }
  }

  /** Closes an image that this has opened. Nothing is in flight on it. */
  void close(RawImage image) {
    synchronized (uses) {
      uses.removeIf(use -> use.image() == image);
    }
    image.close();
  }

  private static Identity identify(ImageConfig config) {
    try (FileHandle probe = FileHandle.locate(config.path())) {
      return Identity.of(probe.facts());
    }
  }

  /** Between two looks at a path somebody may have put another file there. */
  private static void refuseOther(Identity expected, RawImage image) {
    if (!Identity.of(image.facts()).equals(expected)) {
      image.close();
      throw PlatterException.badInput(
          image.path() + " has become another file while it was opened",
          "Keep others from writing to its directory, or serve an image elsewhere");
    }
  }

  /** The lock would refuse it as well, but blame an unknown user. */
  private void refuseSecondUse(Identity identity, String export, ImageConfig config) {
    boolean readOnly = config.options().readOnly();
    List<Use> others;
    synchronized (uses) {
      others = List.copyOf(uses);
    }
    for (Use other : others) {
      if (other.identity().equals(identity) && !(other.readOnly() && readOnly)) {
        throw PlatterException.badInput(
            config.path()
                + " is already a disk of "
                + (other.export().equals(export) ? "this export" : "export " + other.export()),
            "Give each writable disk its own image, or make all that share it readonly");
      }
    }
  }
}
