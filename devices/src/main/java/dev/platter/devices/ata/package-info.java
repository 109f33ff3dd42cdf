/**
 * The ATA command set as numbers and pages: opcodes, status and error bits, the IDENTIFY DEVICE
 * page, log pages and TRIM ranges. Sections are those of ACS-3 (T13/2161-D) unless a comment says
 * otherwise.
 *
 * <p>Threading: constants and builders without shared state. This package does not execute commands
 * and does not know how they arrive; {@code dev.platter.devices.ahci} does.
 */
@NullMarked
package dev.platter.devices.ata;

import org.jspecify.annotations.NullMarked;
