/**
 * What describes a server before anything of it is made: its exports and their kinds, images,
 * IOThreads and limits, and whether they fit to each other and into what this process may use. Each
 * kind of device is an {@link dev.platter.emulator.server.config.ExportKind}; those above know none
 * by name.
 *
 * <p>Threading: values that do not change, for any thread. {@code Mistakes} is one thread's.
 *
 * <p>Does not open images, make loops or sockets, or look at the disks of the host. The one thing
 * that it makes is the device of an export, of the parts that the server hands it ({@link
 * dev.platter.emulator.server.config.ExportConfig#open}).
 */
@NullMarked
package dev.platter.emulator.server.config;

import org.jspecify.annotations.NullMarked;
