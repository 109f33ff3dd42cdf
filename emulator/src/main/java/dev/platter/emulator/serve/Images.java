package dev.platter.emulator.serve;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.FileHandle;
import dev.platter.aio.file.LockPatience;
import dev.platter.devices.block.RawImage;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** Opens the images of a server, and knows which exports use which file. Any thread. */
final class Images {
  private final ImageUses uses = new ImageUses();
  private final Map<RawImage, ImageUses.Use> opened = new HashMap<>();

  /**
   * Opens and locks an image.
   *
   * @param export whose it is
   * @param besideOthers whether other disks are refused if this one is
   * @param patience for what a dead user of the image has in flight
   * @throws PlatterException that names the export as well as the path
   */
  RawImage open(
      ExportConfig export, ImageConfig config, boolean besideOthers, LockPatience patience) {
    try {
      ImageUses.Identity identity = identify(config);
      synchronized (uses) {
        uses.check(identity, export.name(), config);
      }
      RawImage image =
          RawImage.open(config.path(), config.options(besideOthers), place(export), patience);
      try {
        refuseOther(identity, image);
        synchronized (uses) {
          opened.put(image, uses.add(image.facts(), export.name(), config));
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
  void close(RawImage image) {
    synchronized (uses) {
      ImageUses.Use use = opened.remove(image);
      if (use != null) {
        uses.remove(use);
      }
    }
    image.close();
  }

  private static ImageUses.Identity identify(ImageConfig config) {
    try (FileHandle probe = FileHandle.locate(config.path())) {
      return ImageUses.Identity.of(probe.facts());
    }
  }

  /** Between two looks at a path somebody may have put another file there. */
  private static void refuseOther(ImageUses.Identity expected, RawImage image) {
    if (!ImageUses.Identity.of(image.facts()).equals(expected)) {
      throw PlatterException.badInput(
          image.path() + " has become another file while it was opened",
          "Keep others from writing to its directory, or serve an image elsewhere");
    }
  }
}
