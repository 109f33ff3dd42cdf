/**
 * Real virtual machines over Platter's disks: finds a QEMU, boots the test guest in it, has the
 * guest do its jobs, and reads the results.
 *
 * <p>Role: {@link dev.platter.emulator.guest.QemuFinder} finds a program that is new enough; {@link
 * dev.platter.emulator.guest.QemuCommand} makes its command line; {@link
 * dev.platter.emulator.guest.QemuProcess} is a running QEMU; {@link
 * dev.platter.emulator.guest.GuestRunner} boots guests and follows their jobs; {@link
 * dev.platter.emulator.guest.GuestRun} compares disks in it.
 *
 * <p>Threading: one thread asks for a guest and waits for it. A thread of each QEMU starts it and
 * reads its console; listeners are called there.
 *
 * <p>Builds no guest ({@code guestimages}) and serves no disk ({@code server}): the caller names
 * kernel, initramfs and sockets.
 */
@NullMarked
package dev.platter.emulator.guest;

import org.jspecify.annotations.NullMarked;
