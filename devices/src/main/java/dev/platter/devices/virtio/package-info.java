/**
 * virtio 1.3 from the device's side, without any device type or transport: features, status, and
 * virtqueues.
 *
 * <p>Read {@link dev.platter.devices.virtio.VirtioDevice} first (what a transport asks of a device
 * type), then {@link dev.platter.devices.virtio.VirtQueue} and {@link
 * dev.platter.devices.virtio.DescriptorChain} (all that a device type sees of a ring), then {@link
 * dev.platter.devices.virtio.DeviceRing} (what a transport sees of it) with {@link
 * dev.platter.devices.virtio.SplitVirtQueue} and {@link
 * dev.platter.devices.virtio.PackedVirtQueue}. A transport picks the ring layout that was
 * negotiated and hands device types the interface alone. With an {@link
 * dev.platter.devices.virtio.InflightRegion} a ring records what is in flight, so that the next
 * process can go on when this one is killed.
 *
 * <p>Threading: set-up and teardown happen under the big lock; a started queue belongs to the one
 * context that its device type runs it on. Nothing here watches a doorbell or starts I/O.
 *
 * <p>Section numbers in this package and below refer to the OASIS "Virtual I/O Device (VIRTIO)
 * Version 1.3" specification.
 */
@NullMarked
package dev.platter.devices.virtio;

import org.jspecify.annotations.NullMarked;
