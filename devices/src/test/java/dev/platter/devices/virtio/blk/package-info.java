/** Tests of the virtio block device through its driver; section numbers are virtio 1.3's. */
@NullMarked
package dev.platter.devices.virtio.blk;

import org.jspecify.annotations.NullMarked;
