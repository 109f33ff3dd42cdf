/** Tests of virtqueues and the status field; section numbers are virtio 1.3's. */
@NullMarked
package dev.platter.devices.virtio;

import org.jspecify.annotations.NullMarked;
