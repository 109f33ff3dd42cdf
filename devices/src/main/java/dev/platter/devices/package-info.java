/**
 * Emulated disks: register-level AHCI and virtio-blk over a {@link
 * dev.platter.devices.block.BlockBackend}.
 *
 * <p>A device knows {@code memory} (the guest's RAM), {@code bus} (how it is addressed and how it
 * interrupts) and {@code block} (where its data lives). It does not know who drives it: an
 * in-process machine, a vhost-user or a vfio-user connection.
 */
@NullMarked
package dev.platter.devices;

import org.jspecify.annotations.NullMarked;
