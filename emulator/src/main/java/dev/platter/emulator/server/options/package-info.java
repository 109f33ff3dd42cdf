/**
 * The texts that describe a server's parts: {@code --export} and {@code --iothread} of the command
 * line, which the control socket takes as well.
 *
 * <p>Threading: stateless, any thread.
 *
 * <p>Looks at no file and at nothing of the host; what it makes checks itself.
 */
@NullMarked
package dev.platter.emulator.server.options;

import org.jspecify.annotations.NullMarked;
