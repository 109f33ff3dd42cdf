/**
 * Event loops on io_uring: who may queue a request into which ring, and how a sleeping loop is
 * woken.
 *
 * <p>Read {@link dev.platter.aio.loop.AioContext} first (one turn of a loop, {@code addSqe}), then
 * {@link dev.platter.aio.loop.LoopRequests} (what is in flight), {@link
 * dev.platter.aio.loop.LoopWait} (busy poll and sleep), {@link dev.platter.aio.loop.LoopWakeup}
 * (the sleep/awake handshake), {@link dev.platter.aio.loop.LoopOwner} (which thread may use a
 * loop), {@link dev.platter.aio.loop.LoopSuspension} and {@link dev.platter.aio.loop.LoopCalls}
 * (how a loop is suspended and lent, and what other threads ask of it), {@link
 * dev.platter.aio.loop.BigLock}, {@link dev.platter.aio.loop.MainLoop} and {@link
 * dev.platter.aio.loop.IoThread}.
 *
 * <p>Threading: a context belongs to the thread that created it, or resumed it; the main loop's is
 * shared by threads that hold the big lock, which may queue but never enter the ring. {@code
 * schedule} and {@code invoke} are for any thread. This package does no file I/O of its own and
 * knows no device.
 */
@NullMarked
package dev.platter.aio.loop;

import org.jspecify.annotations.NullMarked;
