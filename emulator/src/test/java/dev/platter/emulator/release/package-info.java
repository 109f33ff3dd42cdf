/**
 * What a release has beside the jars: manual pages, and completion for bash and zsh, made from the
 * command line's own model. Only the build runs this, so it is not shipped.
 */
@NullMarked
package dev.platter.emulator.release;

import org.jspecify.annotations.NullMarked;
