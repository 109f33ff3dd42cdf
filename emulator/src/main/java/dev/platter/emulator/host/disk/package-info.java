/**
 * Disks by the names that users give them: what a name stands for is known here alone, and all else
 * gets a {@link dev.platter.devices.block.BlockBackend}.
 *
 * <p>Threading: any thread; opening a disk may wait for its file system. This package serves
 * nothing, and keeps no list of what is open.
 */
@NullMarked
package dev.platter.emulator.host.disk;

import org.jspecify.annotations.NullMarked;
