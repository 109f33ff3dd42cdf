/**
 * Unix stream sockets whose messages carry descriptors, for the protocols that lend a guest's
 * memory and eventfds to another process; and whether a TCP address can be had.
 *
 * <p>Threading: blocking calls, made on a thread of the connection's own and never on a loop.
 * Another thread ends a wait with {@link dev.platter.aio.socket.UnixConnection#shutdown}, or by
 * closing the listener.
 *
 * <p>Knows no protocol, and does no I/O on the data path of a disk.
 */
@NullMarked
package dev.platter.aio.socket;

import org.jspecify.annotations.NullMarked;
