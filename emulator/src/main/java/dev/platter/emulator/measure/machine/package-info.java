/**
 * The in-process machine: RAM, the MMIO bus, interrupt lines, vCPU threads that run guest programs,
 * the main loop and the IOThreads.
 *
 * <p>Threading: a register access takes the big lock on the vCPU's thread; an ioeventfd store takes
 * none. Interrupts may be raised from any thread. This package contains no device and no workload;
 * guest programs reach devices only through a {@link dev.platter.emulator.measure.machine.Vcpu}.
 */
@NullMarked
package dev.platter.emulator.measure.machine;

import org.jspecify.annotations.NullMarked;
