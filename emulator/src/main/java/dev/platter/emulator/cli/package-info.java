/**
 * The command line: {@link dev.platter.emulator.cli.Platter} is the entry point and names all
 * commands. A command of several classes has a package of its own; {@code doctor}, {@code help} and
 * {@code version} are here.
 *
 * <p>Error model: {@link dev.platter.emulator.cli.Platter#run} turns every failure into lines on
 * stderr and an exit code. Threading: commands run on the main thread. This package does no I/O on
 * images and measures nothing itself.
 */
@NullMarked
package dev.platter.emulator.cli;

import org.jspecify.annotations.NullMarked;
