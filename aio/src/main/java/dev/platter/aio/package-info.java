/**
 * Asynchronous I/O for Linux: io_uring through Panama FFM, and the event loops on top of it.
 *
 * <p>Read {@code sys} (the only package that makes native calls), then {@code abi} (kernel
 * numbers), {@code ring} (one io_uring), {@code access} (why a host has none), {@code event}
 * (eventfds), {@code loop} (which thread may use a ring, and how it is woken), {@code socket} (Unix
 * sockets) and {@code file} (opened images). Nothing in this module knows what a disk controller
 * is.
 */
@NullMarked
package dev.platter.aio;

import org.jspecify.annotations.NullMarked;
