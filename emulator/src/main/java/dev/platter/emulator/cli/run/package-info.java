/**
 * The commands that measure, {@code bench} and {@code iotest}, and {@code report}, which draws what
 * they have saved.
 *
 * <p>Threading: the main thread sets a run up and prints it; the workload runs on threads of {@link
 * dev.platter.emulator.measure.workload}. Errors: {@link dev.platter.aio.PlatterException}. This
 * package measures nothing itself.
 */
@NullMarked
package dev.platter.emulator.cli.run;

import org.jspecify.annotations.NullMarked;
