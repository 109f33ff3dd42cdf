/**
 * A simulated host for tests: Platter's own classes run on virtual threads, one at a time, over a
 * simulated kernel, and a seed or a search decides all that is left to chance. ADR 046.
 *
 * <p>Threading: the thread that runs a {@link dev.platter.aio.sim.Simulation} is the host's only
 * processor; one simulation at a time runs in a JVM. The package simulates what loops use of Linux:
 * rings, eventfds, files, futexes, the clock, threads and monitors. It has no sockets and no other
 * processes.
 */
@NullMarked
package dev.platter.aio.sim;

import org.jspecify.annotations.NullMarked;
