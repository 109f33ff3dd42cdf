/**
 * Metrics of a server for Prometheus, over HTTP.
 *
 * <p>Reads counters that loops and devices keep anyway; a scrape takes no lock of theirs and asks
 * nothing of them. Each scrape collects the metrics of exports and loops anew; the others are
 * registered with Micrometer once. Threading: the HTTP server has threads of its own, and any of
 * them may scrape.
 *
 * <p>Does not count anything itself ({@code devices.block}, {@code aio.loop}), does not
 * authenticate anybody, and sends nothing anywhere by itself.
 */
@NullMarked
package dev.platter.emulator.server.metrics;

import org.jspecify.annotations.NullMarked;
