/**
 * The server that {@code platter serve} is: what it exports, how its loops, images, devices and
 * sockets are put together and taken apart, and its event log. Each kind of device is an {@link
 * dev.platter.emulator.server.ExportKind}; the rest of the package knows none by name.
 *
 * <p>Threading: {@link dev.platter.emulator.server.Server} is started and closed by one thread,
 * which never holds the big lock. The log is written to by any thread and never holds one up.
 *
 * <p>Does not read the command line ({@code cli}), speak a protocol ({@code vhostuser}, {@code
 * vfiouser}) or accept clients ({@code export}).
 */
@NullMarked
package dev.platter.emulator.server;

import org.jspecify.annotations.NullMarked;
