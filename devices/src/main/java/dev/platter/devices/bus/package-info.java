/**
 * How a device meets the machine: register accesses in, interrupts out.
 *
 * <p>Threading: register accesses arrive under the big lock, on whichever thread plays the vCPU;
 * interrupts may be raised from any thread. This package does not route anything.
 */
@NullMarked
package dev.platter.devices.bus;

import org.jspecify.annotations.NullMarked;
