/**
 * This host and this process: what {@code /proc}, {@code /sys} and cgroups tell of processors,
 * memory limits, mounts and disks, what the host did to this process while something was measured,
 * and which build of Platter this is.
 *
 * <p>Threading: readings are values; each is taken by the thread that asks for it. Nothing here
 * knows of runs, devices or reports.
 */
@NullMarked
package dev.platter.emulator.host;

import org.jspecify.annotations.NullMarked;
