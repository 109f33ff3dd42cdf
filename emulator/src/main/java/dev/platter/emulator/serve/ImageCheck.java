package dev.platter.emulator.serve;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.LockPatience;
import dev.platter.devices.block.RawImage;
import java.util.ArrayList;
import java.util.List;

/** Tries whether the images of a server can be served, and leaves them as they are. */
public final class ImageCheck {
  private ImageCheck() {}

  /**
   * Opens and locks all images, and closes them again. What requests of a dead process hold is no
   * reason to refuse: the server will wait for them.
   *
   * @throws PlatterException that names the export and the path, as starting the server would
   */
  public static void check(ServeConfig config) {
    Images images = new Images();
    List<RawImage> opened = new ArrayList<>();
    try {
      for (ExportConfig export : config.exports()) {
        for (ImageConfig image : export.images()) {
          opened.add(images.open(export, image, LockPatience.notNeeded()));
        }
      }
    } finally {
      opened.forEach(RawImage::close);
    }
  }
}
