/**
 * The command line: option parsing, what is printed, exit codes. One class per command; {@link
 * dev.platter.emulator.cli.Platter} is the entry point.
 *
 * <p>Error model: a command throws {@link dev.platter.aio.PlatterException} for what its user can
 * act on; {@link dev.platter.emulator.cli.FailureHandler} turns every failure into lines on stderr
 * and one of the documented exit codes. Threading: commands run on the main thread. This package
 * does no I/O on images and measures nothing itself.
 */
@NullMarked
package dev.platter.emulator.cli;

import org.jspecify.annotations.NullMarked;
