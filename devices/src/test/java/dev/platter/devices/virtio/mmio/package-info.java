/** Tests of the virtio-mmio transport; section numbers are virtio 1.3's. */
@NullMarked
package dev.platter.devices.virtio.mmio;

import org.jspecify.annotations.NullMarked;
