/**
 * The worker threads of a ring: their number, their life and their limit.
 *
 * <p>Threading: workers belong to the task that submits; each trial submits on a thread made for
 * it. This package judges only its own experiment; shared parts are in {@code lab}.
 */
@NullMarked
package dev.platter.emulator.lab.iowq;

import org.jspecify.annotations.NullMarked;
