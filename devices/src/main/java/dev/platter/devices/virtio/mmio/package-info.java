/**
 * The virtio-mmio transport, version 2 (4.2): registers in front of any {@link
 * dev.platter.devices.virtio.VirtioDevice}.
 *
 * <p>Threading: registers are accessed under the big lock; queues raise interrupts from their own
 * threads without it, which is why the device status and the interrupt status are atomic. A
 * doorbell that is written as MMIO and one that is matched by an ioeventfd signal the same
 * notifier. This package has no legacy (version 1) interface, no shared memory regions and no queue
 * reset.
 */
@NullMarked
package dev.platter.devices.virtio.mmio;

import org.jspecify.annotations.NullMarked;
