/**
 * The effect of an idle ring on iowait and on pressure stall information.
 *
 * <p>Threading: a waiter blocks on a thread of its own while the counters of the host are read on
 * the caller's. This package judges only its own experiment; shared parts are in {@code lab}.
 */
@NullMarked
package dev.platter.emulator.lab.iowait;

import org.jspecify.annotations.NullMarked;
