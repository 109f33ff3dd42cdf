/**
 * The worker threads of a ring: how many, how long, and their limit.
 *
 * <p>Threading: workers belong to the task that submits; each trial submits on a thread made for
 * it. This package judges its own experiment only; what all share is in {@code lab}.
 */
@NullMarked
package dev.platter.emulator.lab.iowq;

import org.jspecify.annotations.NullMarked;
