/**
 * What a PCI device and its server agree on, and what PCI devices have in common.
 *
 * <p>{@link dev.platter.devices.pci.PciFunction} is the contract: a device implements it beside its
 * own code, a server needs nothing else of it. {@link dev.platter.devices.pci.PciBar}, {@link
 * dev.platter.devices.pci.PciVectors} and {@link dev.platter.devices.pci.PciInterrupts} are its
 * words. {@link dev.platter.devices.pci.PciConfigSpace} helps to implement it: 256 bytes of which
 * some are read-only and some are cleared by writing 1; {@link dev.platter.devices.pci.PciConfig}
 * has the numbers.
 *
 * <p>Threading: everything runs with the big lock held. What a guest writes never throws.
 *
 * <p>Not here: devices, buses and bridges, PCI Express, power management, where a BAR is mapped
 * (that is the business of whoever forwards the accesses).
 */
@NullMarked
package dev.platter.devices.pci;

import org.jspecify.annotations.NullMarked;
