/**
 * PCI functions: their configuration space, and the interrupts that it decides about.
 *
 * <p>From the inside out: {@link dev.platter.devices.pci.PciConfigSpace} is 256 bytes of which some
 * are read-only and some are cleared by writing 1; {@link dev.platter.devices.pci.AhciFunction} is
 * an AHCI controller with such a space, which shows itself as Intel's ICH9.
 *
 * <p>Threading: everything runs with the big lock held. What a guest writes never throws.
 *
 * <p>Not here: buses and bridges, PCI Express, power management, where a BAR is mapped (that is the
 * business of whoever forwards the accesses).
 */
@NullMarked
package dev.platter.devices.pci;

import org.jspecify.annotations.NullMarked;
