/**
 * The lost wake-up: a request queued for a loop that sleeps, and that nobody tells.
 *
 * <p>Threading: runs whole machines, one after the other; has no threads of its own. This package
 * judges its own experiment only; what all share is in {@code lab}.
 */
@NullMarked
package dev.platter.emulator.lab.lostwakeup;

import org.jspecify.annotations.NullMarked;
