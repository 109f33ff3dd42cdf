/**
 * When a request reached each station of its way. A request that carries a {@link
 * dev.platter.aio.trace.Timeline} is stamped by whoever has it; one that carries none costs a null
 * check at each station.
 *
 * <p>Threading: a timeline belongs to whoever has its request, and travels with it. Nothing here
 * allocates. This package does not collect or judge ({@code emulator.trace} does).
 */
@NullMarked
package dev.platter.aio.trace;

import org.jspecify.annotations.NullMarked;
