/**
 * The contract of disks: {@link dev.platter.devices.block.BlockBackend}, which says how requests,
 * errors and threads work, its requests and listeners, and layers over a disk.
 *
 * <p>Threading: a request is submitted and completed on one {@code AioContext} (for the main loop:
 * by any thread that holds the big lock); a backend may be shared by several contexts. This package
 * stores nothing: raw images, memory and a program's own stores each implement it in a package of
 * their own. It does not know which controller is in front of a disk.
 */
@NullMarked
package dev.platter.devices.block;

import org.jspecify.annotations.NullMarked;
