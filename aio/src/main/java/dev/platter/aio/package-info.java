/**
 * Asynchronous I/O for Linux: io_uring through Panama FFM, and the event loops on top of it.
 *
 * <p>Read {@code sys} (the only package that makes native calls), then {@code abi} (kernel
 * numbers), {@code ring} (one io_uring), {@code loop} (who may use it, and how a thread is woken)
 * and {@code file} (opened images). Nothing in this module knows what a disk controller is.
 */
@NullMarked
package dev.platter.aio;

import org.jspecify.annotations.NullMarked;
