/**
 * An AHCI host bus adapter with SATA disks behind it, at the level of its registers (Serial ATA
 * AHCI 1.3.1) and of the ATA commands that travel in its command list (ACS-3).
 *
 * <p>From the outside in: {@link dev.platter.devices.ahci.AhciFunction} is a controller with a PCI
 * configuration space, which shows itself as Intel's ICH9. {@link
 * dev.platter.devices.ahci.AhciController} decodes register accesses and merges interrupts; a port
 * has registers and a life cycle. Its command list takes each command through four stations: {@code
 * CommandFetcher} parses it, {@code AtaDevice} gives a verdict, {@code Transfers} submits it to the
 * {@link dev.platter.devices.block.BlockBackend} in pieces, through buffers of the disk's own, and
 * {@code CommandCompletion} tells the guest of its end. Calls go down; what comes back up is that a
 * request has completed.
 *
 * <p>Threading: everything runs with the big lock held, register accesses on a vCPU and completions
 * on its loop; there are no locks here. Reads and writes allocate nothing. What a guest writes
 * never throws: it ends as a task file error, a host bus error, or is ignored. Requests know no
 * guest memory, so that a stop or a reset waits for nothing and nothing is touched after it. What a
 * guest can have done in one hold of the lock is bounded; the rest is put off to turns of the loop.
 *
 * <p>Not here: port multipliers, ATAPI, command completion coalescing, enclosure management,
 * FIS-based switching, power states.
 */
@NullMarked
package dev.platter.devices.ahci;

import org.jspecify.annotations.NullMarked;
