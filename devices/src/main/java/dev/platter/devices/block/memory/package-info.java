/**
 * A disk whose contents are memory of this process, for measurements without a disk, demonstrations
 * and tests.
 *
 * <p>Threading: requests are copied on the loop that they were submitted on, in a bottom half, some
 * of them in each turn. This package keeps nothing when the disk is closed, and does not know how
 * much memory the host has.
 */
@NullMarked
package dev.platter.devices.block.memory;

import org.jspecify.annotations.NullMarked;
