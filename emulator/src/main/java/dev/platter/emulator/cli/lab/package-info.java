/**
 * {@code lab}: chooses experiments, runs one after the other, and prints what they have found.
 *
 * <p>Threading: the main thread alone; an experiment may have threads of its own. Errors: {@link
 * dev.platter.aio.PlatterException}. This package holds no experiment, only the list of them.
 */
@NullMarked
package dev.platter.emulator.cli.lab;

import org.jspecify.annotations.NullMarked;
