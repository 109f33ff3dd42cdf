/**
 * Opened files: their type and size, the alignment that O_DIRECT needs, and the processes that have
 * them locked.
 *
 * <p>Threading: a {@link dev.platter.aio.file.FileHandle} may be used from any thread; its owner
 * closes it once nothing is in flight on it. Everything here is set-up and may block; transfers go
 * through a ring with the handle's descriptor. This package does not know what an image is.
 */
@NullMarked
package dev.platter.aio.file;

import org.jspecify.annotations.NullMarked;
