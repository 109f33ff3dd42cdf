/**
 * Eventfds, our own and those of other processes: how any thread signals an event loop or a guest,
 * and how that thread is kept from being blocked by a hostile process. Read {@link
 * dev.platter.aio.event.EventNotifier} first.
 *
 * <p>Threading: any thread signals; one thread owns and closes a notifier. Two kinds of daemon
 * threads belong to this package: one thread that guards all eventfds of other processes, and one
 * thread for each pipe. This package knows no event loop.
 */
@NullMarked
package dev.platter.aio.event;

import org.jspecify.annotations.NullMarked;
