package dev.platter.emulator.serve;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.LockPatience;
import dev.platter.devices.block.BlockBackend;
import dev.platter.emulator.disk.Disks;
import java.nio.file.Path;
import java.util.IdentityHashMap;
import java.util.Optional;

/** Opens the images of a server, and knows which exports use which of them. Any thread. */
final class Images {
  private final ImageUses uses = new ImageUses();
  private final IdentityHashMap<BlockBackend, ImageUses.Use> opened = new IdentityHashMap<>();

  /**
   * Opens and locks an image.
   *
   * @param export whose it is
   * @param besideOthers whether other disks are refused if this one is
   * @param patience for what a dead user of the image has in flight
   * @throws PlatterException that names the export as well as the path
   */
  BlockBackend open(
      ExportConfig export, ImageConfig config, boolean besideOthers, LockPatience patience) {
    try {
      Optional<Object> expected = Disks.identify(config.path());
      synchronized (uses) {
        expected.ifPresent(identity -> uses.check(identity, export.name(), config));
      }
      BlockBackend image =
          Disks.open(config.path(), config.options(besideOthers), place(export), patience);
      try {
        Object identity = image.description().identity();
        refuseOther(expected.orElse(identity), identity, config.path());
        synchronized (uses) {
          opened.put(image, uses.add(identity, export.name(), config));
        }
        return image;
      } catch (RuntimeException e) {
        image.close();
        throw e;
      }
    } catch (PlatterException e) {
      throw e.within("export " + export.name());
    }
  }

  /** Where the guests of an export come from, in words that the next server uses, too. */
  static String place(ExportConfig export) {
    return export.endpoint() instanceof Endpoint.SocketPath(Path path)
        ? Endpoint.place(path).toString()
        : "export " + export.name();
  }

  /** Closes an image that this has opened. Nothing is in flight on it. */
  void close(BlockBackend image) {
    synchronized (uses) {
      ImageUses.Use use = opened.remove(image);
      if (use != null) {
        uses.remove(use);
      }
    }
    image.close();
  }

  /** Between two looks at a path somebody may have put another file there. */
  private static void refuseOther(Object expected, Object identity, String path) {
    if (!identity.equals(expected)) {
      throw PlatterException.badInput(
          path + " has become another file while it was opened",
          "Keep others from writing to its directory, or serve an image elsewhere");
    }
  }
}
