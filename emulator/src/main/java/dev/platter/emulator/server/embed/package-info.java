/**
 * The entry point for programs that serve disks of their own: {@link
 * dev.platter.emulator.server.embed.DiskServer} takes disks, and no paths and no command line.
 *
 * <p>Threading: a server is made and closed by one thread at a time; its disks are used by loops of
 * its own. This package adds nothing to the functions of {@code server}, {@code control} and {@code
 * metrics}.
 */
@NullMarked
package dev.platter.emulator.server.embed;

import org.jspecify.annotations.NullMarked;
