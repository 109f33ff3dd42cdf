/**
 * What an idle ring adds to iowait and to pressure stall information.
 *
 * <p>Threading: a waiter blocks on a thread of its own while the counters of the host are read on
 * the caller's. This package judges its own experiment only; what all share is in {@code lab}.
 */
@NullMarked
package dev.platter.emulator.lab.iowait;

import org.jspecify.annotations.NullMarked;
