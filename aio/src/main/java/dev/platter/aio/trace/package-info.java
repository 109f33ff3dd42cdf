/**
 * The times at which a request reached each station of its way. The owner of a request stamps the
 * {@link dev.platter.aio.trace.Timeline} that the request carries. A request without a timeline
 * costs a null check at each station.
 *
 * <p>Threading: a timeline belongs to the owner of its request, and travels with the request.
 * Nothing here allocates. Collecting and judging timelines is the work of {@code
 * emulator.measure.stages}.
 */
@NullMarked
package dev.platter.aio.trace;

import org.jspecify.annotations.NullMarked;
