/**
 * What a disk has done, in numbers: its operations and the kinds of their errors, how often, how
 * much and how long. {@link dev.platter.devices.block} stands above it, so that each disk counts in
 * the same words.
 *
 * <p>Threading: a loop counts for itself by plain stores, and any thread reads the counts. Counting
 * allocates nothing. This package starts no request and decides nothing.
 */
@NullMarked
package dev.platter.devices.block.meter;

import org.jspecify.annotations.NullMarked;
