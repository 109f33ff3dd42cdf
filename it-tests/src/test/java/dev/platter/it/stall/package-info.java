/**
 * Real guests whose disk's storage stops answering for a while, on Platter and on QEMU's own
 * devices.
 *
 * <p>Role: {@link dev.platter.it.stall.StalledDisk} is an image that can be stalled, {@link
 * dev.platter.it.stall.DiskServer} a device on it, {@link dev.platter.it.stall.StallTrial} a guest
 * that goes through a stall, {@link dev.platter.it.stall.StallResult} what came of it. {@link
 * dev.platter.it.stall.StallRun} is the program behind {@code it-tests/stall/run}.
 *
 * <p>Uses no test library: it runs from its sources, too. Needs root, loop devices, {@code
 * /dev/fuse}, gcc and a QEMU.
 */
@NullMarked
package dev.platter.it.stall;

import org.jspecify.annotations.NullMarked;
