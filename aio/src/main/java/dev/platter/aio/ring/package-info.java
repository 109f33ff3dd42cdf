/**
 * One io_uring: set-up with probed flags, the submission and completion queues as mapped memory,
 * and {@code io_uring_enter}. Read {@link dev.platter.aio.ring.SetupFlag}, {@link
 * dev.platter.aio.ring.Ring}, {@link dev.platter.aio.ring.SubmissionQueue}, {@link
 * dev.platter.aio.ring.Sqe}, {@link dev.platter.aio.ring.CompletionQueue}.
 *
 * <p>Threading: a ring has no lock. Exactly one thread may enter it; SQEs may be filled by another
 * thread only under a lock that the entering thread also takes. This package knows nothing of event
 * loops and never calls back.
 */
@NullMarked
package dev.platter.aio.ring;

import org.jspecify.annotations.NullMarked;
