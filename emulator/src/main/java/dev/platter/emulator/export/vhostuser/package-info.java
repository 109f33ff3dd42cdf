/**
 * The back end of a vhost-user connection: a remote guest's driver uses a {@link
 * dev.platter.devices.virtio.VirtioDevice} through rings and buffers in shared memory.
 *
 * <p>Read {@link dev.platter.emulator.export.vhostuser.VhostUserRequest} (all messages), {@link
 * dev.platter.emulator.export.vhostuser.VhostUserMessage} (a message on the wire), {@link
 * dev.platter.emulator.export.vhostuser.VhostUserSession} (a client from its first message to its
 * last), then the state that it keeps: {@link dev.platter.emulator.export.vhostuser.MemoryTable},
 * {@link dev.platter.emulator.export.vhostuser.VringState}, {@link
 * dev.platter.emulator.export.vhostuser.InflightBuffer}, {@link
 * dev.platter.emulator.export.vhostuser.ConfigRecord}, {@link
 * dev.platter.emulator.export.vhostuser.BackendChannel}.
 *
 * <p>Threading: the export's thread receives, changes all state and answers. It takes the big lock,
 * where there is one, for each call to the device, and never while it receives or sends. Queues run
 * on the device's contexts, whose only ways into this package are a ring's events ({@link
 * dev.platter.devices.virtio.QueueListener}).
 *
 * <p>Names in capitals are those of the "Vhost-user Protocol" specification (QEMU, {@code
 * docs/interop/vhost-user.rst}), whose section titles are cited in quotes. Knows no device type,
 * does no I/O on a disk, and accepts no connection.
 */
@NullMarked
package dev.platter.emulator.export.vhostuser;

import org.jspecify.annotations.NullMarked;
