/**
 * Makes a release: manual pages, and completion for bash and zsh, from the command line's own
 * model; a tarball and a Debian package of these, the jars and a linked Java. Only the build runs
 * this, on one thread, so it is not shipped. A failure of the host ends the build as an exception.
 */
@NullMarked
package dev.platter.emulator.release;

import org.jspecify.annotations.NullMarked;
