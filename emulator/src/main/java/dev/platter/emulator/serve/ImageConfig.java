package dev.platter.emulator.serve;

import dev.platter.devices.block.ImageOptions;
import dev.platter.devices.block.ImageOptions.Foreign;

/**
 * An image to open.
 *
 * @param path a raw image or block device
 * @param options how to open it
 */
public record ImageConfig(String path, ImageOptions options) {
  /**
   * How to open it.
   *
   * @param besideOthers whether other disks are refused if this one is: what a guest has written
   *     onto its own must not keep them from their guests
   */
  ImageOptions options(boolean besideOthers) {
    return besideOthers && options.foreign() == Foreign.REFUSE
        ? options.withForeign(Foreign.TELL)
        : options;
  }
}
