/**
 * The server's side of vfio-user: a PCI function for a real virtual machine. Sections named in
 * comments are those of the protocol's specification ({@code docs/interop/vfio-user.rst} of QEMU).
 *
 * <p>In reading order: {@link dev.platter.emulator.export.vfiouser.VfioUserCommand} and the {@code
 * VfioUserAbi} are what is on the wire; {@code VfioUserRequest} and {@code VfioUserReply} are a
 * message in and out; {@code Negotiation} agrees on a version; {@code Regions} are the parts of the
 * device that a client reaches, {@code IrqTable} has the device's interrupts and {@code DmaTable}
 * the memory that the device reaches; {@link dev.platter.emulator.export.vfiouser.VfioUserSession}
 * serves a client with all of these.
 *
 * <p>Threading: the thread that serves a connection plays the vCPU. It takes the big lock for each
 * access to the device, and gives the lock back before it sends or receives. Completions come on
 * the main loop, which signals the interrupts.
 *
 * <p>Not here: the devices themselves (this package knows only {@link
 * dev.platter.devices.pci.PciFunction}), DMA by messages (memory without a descriptor cannot be
 * reached), mappable regions, migration, a second socket.
 */
@NullMarked
package dev.platter.emulator.export.vfiouser;

import org.jspecify.annotations.NullMarked;
