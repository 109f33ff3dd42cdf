/** Tests of PCI functions, from the guest's side of their configuration space. */
@NullMarked
package dev.platter.devices.pci;

import org.jspecify.annotations.NullMarked;
