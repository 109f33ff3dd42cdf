/**
 * The server that {@code platter serve} is: how the loops, images, devices and sockets that a
 * configuration describes ({@code config}) are put together and taken apart, what changes them in
 * between, and the event log. It knows no kind of device by name.
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
