/**
 * The parts that all exports share: a listening socket, the service of one client at a time, and
 * events about clients.
 *
 * <p>Threading: each export has one thread, which accepts a client, serves it until it leaves, and
 * accepts the next client. {@link dev.platter.emulator.export.ExportServer#close} is called by
 * another thread.
 *
 * <p>Knows no protocol ({@code vhostuser}, {@code vfiouser}) and opens no image ({@code server}).
 */
@NullMarked
package dev.platter.emulator.export;

import org.jspecify.annotations.NullMarked;
