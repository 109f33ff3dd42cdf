/**
 * What the set-up flags of a ring are worth, and whether a loop that polls sees what they hide.
 *
 * <p>Threading: the proof of polling pins two threads to two CPUs; the ladder runs one machine at a
 * time. This package judges its own experiment only; what all share is in {@code lab}.
 */
@NullMarked
package dev.platter.emulator.lab.ringflags;

import org.jspecify.annotations.NullMarked;
