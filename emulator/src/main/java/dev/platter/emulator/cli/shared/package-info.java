/**
 * What the commands share: their base class, converters, mixins of options, and how a process tells
 * its progress, takes signals and ends.
 *
 * <p>Error model: a command throws {@link dev.platter.aio.PlatterException} for what its user can
 * act on; {@link dev.platter.emulator.cli.shared.FailureHandler} turns every failure into lines on
 * stderr and one of the documented exit codes. Threading: a class belongs to the main thread unless
 * its methods say otherwise. This package knows no command.
 */
@NullMarked
package dev.platter.emulator.cli.shared;

import org.jspecify.annotations.NullMarked;
