/**
 * Memory that devices read and write: guest physical memory, bounds-checked, allocation-free,
 * hostile; lists of host buffers; and pools of buffers for requests that cannot use their own.
 *
 * <p>Threading: {@link dev.platter.devices.memory.GuestMemory} may be used from any thread; what
 * order two threads see each other's stores in is up to the acquire/release accesses of the caller.
 * All else belongs to one loop at a time. This package does not allocate a guest's RAM and does not
 * know what is stored there.
 */
@NullMarked
package dev.platter.devices.memory;

import org.jspecify.annotations.NullMarked;
