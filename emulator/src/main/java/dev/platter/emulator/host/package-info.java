/**
 * This host and this process: processors, memory limits, mounts and disks from {@code /proc},
 * {@code /sys} and cgroups; how the host treated this process during a measurement; and the version
 * of this build of Platter.
 *
 * <p>Threading: readings are values; each is taken by the thread that asks for it. Nothing here
 * knows of runs, devices or reports.
 */
@NullMarked
package dev.platter.emulator.host;

import org.jspecify.annotations.NullMarked;
