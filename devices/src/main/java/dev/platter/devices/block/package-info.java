/**
 * Where a disk's data lives: the {@link dev.platter.devices.block.BlockBackend} contract, raw
 * images behind it, their creation and inspection, and decorators for tests.
 *
 * <p>I/O model: a device owns {@link dev.platter.devices.block.BlockRequest} slots, fills one and
 * submits it; the backend completes it later, on the same context, exactly once, with 0 or {@code
 * -errno}. Nothing is allocated for a request. Threading: a request is submitted and completed on
 * one {@code AioContext} (for the main loop: by any thread that holds the big lock); a backend may
 * be shared by several contexts. This package does not know which controller is in front of it.
 */
@NullMarked
package dev.platter.devices.block;

import org.jspecify.annotations.NullMarked;
