package dev.platter.emulator.server;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.LockTimeout;
import dev.platter.devices.block.BlockBackend;
import dev.platter.emulator.host.disk.Disks;
import dev.platter.emulator.server.config.Endpoint;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ImageConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/** Opens the images of a server, and knows which exports use which of them. Any thread. */
final class Images {
  private final ImageUses uses = new ImageUses();
  private final List<Opened> opened = new ArrayList<>();

  private record Opened(BlockBackend image, ImageUses.Use use, boolean lent) {}

  /**
   * Opens and locks an image; takes one that is lent as it is.
   *
   * @param export whose it is
   * @param besideOthers whether other disks are refused if this one is
   * @param timeout for what a dead user of the image has in flight
   * @throws PlatterException that names the export as well as the path
   */
  BlockBackend open(
      ExportConfig export, ImageConfig config, boolean besideOthers, LockTimeout timeout) {
    try {
      BlockBackend lent = config.lent();
      Optional<Object> expected =
          lent == null ? Disks.identify(config.path()) : Optional.of(lent.description().identity());
      synchronized (uses) {
        expected.ifPresent(identity -> uses.check(identity, export.name(), config));
      }
      BlockBackend image =
          lent == null
              ? Disks.open(config.path(), config.options(besideOthers), place(export), timeout)
              : lent;
      try {
        Object identity = image.description().identity();
        refuseOther(expected.orElse(identity), identity, config.path());
        synchronized (uses) {
          opened.add(new Opened(image, uses.add(identity, export.name(), config), lent != null));
        }
        return image;
      } catch (RuntimeException | Error e) {
        if (lent == null) {
          image.close();
        }
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

  /**
   * Closes an image that this has opened, or gives it back. Nothing of its export is in flight.
   *
   * @param export whose it was
   */
  void close(BlockBackend image, String export) {
    boolean lent = false;
    synchronized (uses) {
      for (Iterator<Opened> each = opened.iterator(); each.hasNext(); ) {
        Opened its = each.next();
        if (its.image().equals(image) && its.use().export().equals(export)) {
          each.remove();
          uses.remove(its.use());
          lent = its.lent();
          break;
        }
      }
    }
    if (!lent) {
      image.close();
    }
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
