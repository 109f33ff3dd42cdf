/**
 * How results are told: tables and units for people, JSON for programs, and the environment that a
 * result belongs to. The JSON shapes are documented in {@code docs/json.md}.
 *
 * <p>Threading: everything here is called by one thread, after or between runs, never on a loop.
 * This package does not measure and does not decide what is worth reporting.
 */
@NullMarked
package dev.platter.emulator.result;

import org.jspecify.annotations.NullMarked;
