/**
 * Disks whose contents are kept by a program: it implements a small interface, and {@link
 * dev.platter.devices.block.store.StoreDisk} makes a {@link dev.platter.devices.block.BlockBackend}
 * of it.
 *
 * <p>Threading: a store is asked on the loop of a request and answers on any thread; the answer
 * goes back to that loop. This package allocates for each request, which backends of the data path
 * do not: who needs that implements {@code BlockBackend} itself.
 */
@NullMarked
package dev.platter.devices.block.store;

import org.jspecify.annotations.NullMarked;
