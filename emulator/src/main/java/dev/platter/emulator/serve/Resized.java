package dev.platter.emulator.serve;

import dev.platter.devices.block.Preallocation;

/**
 * An image that was told to grow.
 *
 * @param image its path
 * @param before how many bytes it had
 * @param bytes how many it has
 * @param preallocation how the new space was made
 */
public record Resized(String image, long before, long bytes, Preallocation preallocation) {}
