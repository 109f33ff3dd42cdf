/**
 * What PCI functions have in common: their configuration space, and where their interrupts go.
 *
 * <p>{@link dev.platter.devices.pci.PciConfigSpace} is 256 bytes of which some are read-only and
 * some are cleared by writing 1; {@link dev.platter.devices.pci.PciConfig} has the numbers. A
 * function itself stands with its device, as {@link dev.platter.devices.ahci.AhciFunction} does.
 *
 * <p>Threading: everything runs with the big lock held. What a guest writes never throws.
 *
 * <p>Not here: buses and bridges, PCI Express, power management, where a BAR is mapped (that is the
 * business of whoever forwards the accesses).
 */
@NullMarked
package dev.platter.devices.pci;

import org.jspecify.annotations.NullMarked;
