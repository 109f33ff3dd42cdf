/**
 * The lost wake-up: a request is queued for a sleeping loop that is not notified.
 *
 * <p>Threading: runs whole machines, one after the other; has no threads of its own. This package
 * judges only its own experiment; shared parts are in {@code lab}.
 */
@NullMarked
package dev.platter.emulator.lab.lostwakeup;

import org.jspecify.annotations.NullMarked;
