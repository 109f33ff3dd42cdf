/**
 * Guest physical memory as devices see it: bounds-checked, allocation-free, hostile.
 *
 * <p>Threading: {@link dev.platter.devices.memory.GuestMemory} may be used from any thread; what
 * order two threads see each other's stores in is up to the acquire/release accesses of the caller.
 * This package does not allocate RAM and does not know what is stored there.
 */
@NullMarked
package dev.platter.devices.memory;

import org.jspecify.annotations.NullMarked;
