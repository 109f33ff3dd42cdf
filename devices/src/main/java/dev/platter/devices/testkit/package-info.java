/**
 * Driver-side code: what a guest kernel's ahci and virtio_blk do, over nothing but loads, stores,
 * guest RAM and interrupts. Unit tests, fuzzers, benchmarks and the in-process guest all use it.
 *
 * <p>Threading: a driver belongs to one vCPU. In steady state nothing here allocates. Nothing here
 * touches a device object.
 */
@NullMarked
package dev.platter.devices.testkit;

import org.jspecify.annotations.NullMarked;
