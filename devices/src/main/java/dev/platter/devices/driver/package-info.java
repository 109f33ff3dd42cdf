/**
 * The guest's side of a disk: what the drivers ahci and virtio_blk of a guest kernel do, over
 * loads, stores, guest RAM and interrupts alone. Workloads drive the in-process guest with it; unit
 * tests and fuzzers drive a device alone.
 *
 * <p>Threading: a driver belongs to one vCPU. In steady state nothing here allocates. Nothing here
 * touches a device object.
 */
@NullMarked
package dev.platter.devices.driver;

import org.jspecify.annotations.NullMarked;
