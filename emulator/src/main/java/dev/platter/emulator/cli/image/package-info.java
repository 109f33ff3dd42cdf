/**
 * {@code image}: makes raw images, and says what there is to know of one.
 *
 * <p>Threading: the main thread alone. Errors: {@link dev.platter.aio.PlatterException}. This
 * package serves no image.
 */
@NullMarked
package dev.platter.emulator.cli.image;

import org.jspecify.annotations.NullMarked;
