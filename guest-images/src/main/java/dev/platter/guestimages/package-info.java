/**
 * Raw images with known contents, and the bootable test guest.
 *
 * <p>Role: makes the disks that tests read back and check ({@link
 * dev.platter.guestimages.KnownImage}), the kernel with its initramfs that runs the same iotest
 * inside a real Linux ({@link dev.platter.guestimages.GuestBuilder}), and a disk that firmware
 * boots into it ({@link dev.platter.guestimages.BootDisk}); writes the guest's orders ({@link
 * dev.platter.guestimages.GuestJob}) and reads its answers ({@link
 * dev.platter.guestimages.GuestConsole}).
 *
 * <p>Threading: no state is shared; each object belongs to the thread that uses it. Several
 * processes may build into one cache at the same time: what they make is written beside its place
 * and moved there when whole.
 *
 * <p>It does not start a virtual machine, does not emulate a device, does no asynchronous I/O, and
 * never needs root.
 */
@NullMarked
package dev.platter.guestimages;

import org.jspecify.annotations.NullMarked;
