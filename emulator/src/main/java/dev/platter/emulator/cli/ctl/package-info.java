/**
 * {@code ctl}: operations on a running server, through its control socket.
 *
 * <p>Threading: the main thread alone. Errors: {@link dev.platter.aio.PlatterException}, also for
 * an operation that the server refuses. This package knows no server, only its answers.
 */
@NullMarked
package dev.platter.emulator.cli.ctl;

import org.jspecify.annotations.NullMarked;
