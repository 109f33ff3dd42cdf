/**
 * Disks whose contents are a raw image: a file or a block device, through the ring of the loop that
 * a request is submitted on. Read {@link dev.platter.devices.block.raw.RawImage} first (opening,
 * facts, what a disk has once), then its transfers (one request, piece by piece) and what they
 * share on a loop.
 *
 * <p>Threading: what an image has on a loop belongs to that loop (for the main loop: to the holder
 * of the big lock); an image may be shared by several, and says what is for any thread. In steady
 * state nothing here allocates. This package makes and grows no file, and does not know which
 * device is in front of it.
 */
@NullMarked
package dev.platter.devices.block.raw;

import org.jspecify.annotations.NullMarked;
