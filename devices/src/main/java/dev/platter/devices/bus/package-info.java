/**
 * The interface between a device and its machine: register accesses in, interrupts out.
 *
 * <p>Threading: register accesses arrive under the big lock, on any thread that plays the vCPU;
 * interrupts may be raised from any thread. This package routes nothing.
 */
@NullMarked
package dev.platter.devices.bus;

import org.jspecify.annotations.NullMarked;
