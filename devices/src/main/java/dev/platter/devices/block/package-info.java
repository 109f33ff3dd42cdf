/**
 * Where a disk's data lives: the {@link dev.platter.devices.block.BlockBackend} contract, which
 * says how requests, errors and threads work, raw images behind it, their creation and inspection.
 *
 * <p>Threading: a request is submitted and completed on one {@code AioContext} (for the main loop:
 * by any thread that holds the big lock); a backend may be shared by several contexts. This package
 * does not know which controller is in front of it.
 */
@NullMarked
package dev.platter.devices.block;

import org.jspecify.annotations.NullMarked;
