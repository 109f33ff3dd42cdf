package dev.platter.emulator.serve;

import dev.platter.devices.block.ImageOptions;

/**
 * An image to open.
 *
 * @param path a raw image or block device
 * @param options how to open it
 */
public record ImageConfig(String path, ImageOptions options) {}
