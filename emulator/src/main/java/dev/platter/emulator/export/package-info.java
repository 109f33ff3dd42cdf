/**
 * What all exports share: a listening socket, one client at a time, and what is told of it.
 *
 * <p>Threading: each export has one thread, which accepts a client, speaks with it until it leaves,
 * and accepts the next. {@link dev.platter.emulator.export.ExportServer#close} is called by another
 * thread.
 *
 * <p>Knows no protocol ({@code vhostuser}, {@code vfiouser}) and opens no image ({@code server}).
 */
@NullMarked
package dev.platter.emulator.export;

import org.jspecify.annotations.NullMarked;
