/**
 * {@code serve}: its options, the check before a start, and the life of the process that serves.
 *
 * <p>Threading: the main thread starts the server, waits for signals and stops the server; a signal
 * arrives on a thread of the JVM. Errors: {@link dev.platter.aio.PlatterException}. This package
 * serves no client itself: {@link dev.platter.emulator.server} does.
 */
@NullMarked
package dev.platter.emulator.cli.serve;

import org.jspecify.annotations.NullMarked;
