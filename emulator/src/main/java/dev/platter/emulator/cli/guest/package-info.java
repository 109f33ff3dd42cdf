/**
 * {@code guest}: builds the test guest, and runs workloads in it.
 *
 * <p>Threading: the main thread runs the guest; warnings of the server come from its threads.
 * Errors: {@link dev.platter.aio.PlatterException}. This package starts no QEMU itself: {@link
 * dev.platter.emulator.guest} does.
 */
@NullMarked
package dev.platter.emulator.cli.guest;

import org.jspecify.annotations.NullMarked;
