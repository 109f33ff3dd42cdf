/**
 * Disks by the names that users give them. Only this package knows which kind of disk a name stands
 * for; all other code gets a {@link dev.platter.devices.block.BlockBackend}.
 *
 * <p>Threading: any thread; opening a disk may wait for its file system. This package serves
 * nothing, and keeps no list of what is open.
 */
@NullMarked
package dev.platter.emulator.host.disk;

import org.jspecify.annotations.NullMarked;
