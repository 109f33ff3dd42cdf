/**
 * {@code image}: makes and describes raw images.
 *
 * <p>Threading: the main thread alone. Errors: {@link dev.platter.aio.PlatterException}. This
 * package serves no image.
 */
@NullMarked
package dev.platter.emulator.cli.image;

import org.jspecify.annotations.NullMarked;
