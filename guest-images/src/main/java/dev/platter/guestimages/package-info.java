/**
 * Raw images with known contents, and the bootable test guest.
 *
 * <p>Still to come. Role: makes the disks that tests read back and check, and the kernel with its
 * initramfs that runs the same iotest inside a real Linux. Threading: no state is shared; each
 * image is written by the thread that asked for it. It does not emulate a device and does no
 * asynchronous I/O.
 */
@NullMarked
package dev.platter.guestimages;

import org.jspecify.annotations.NullMarked;
