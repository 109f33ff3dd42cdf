package dev.platter.emulator.server;

import dev.platter.devices.block.image.Preallocation;

/**
 * An image that was told to grow.
 *
 * @param image its path
 * @param before how many bytes it had
 * @param bytes how many it has
 * @param preallocation how the new space was made
 * @param atPowerOn whether a guest sees it when its disk is switched on the next time, and not at
 *     once: a SATA disk keeps the capacity that it has told
 */
public record ResizeResult(
    String image, long before, long bytes, Preallocation preallocation, boolean atPowerOn) {}
