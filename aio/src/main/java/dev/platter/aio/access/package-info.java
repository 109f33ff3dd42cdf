/**
 * Why this process may have no io_uring, and what helps: sysctl, seccomp, security modules, limits
 * and old kernels, in the words of Docker, Podman, Kubernetes and systemd. Read {@link
 * dev.platter.aio.access.RingAccess} first.
 *
 * <p>Threading: any thread; nothing is kept. Reads {@code /proc} only after a refusal, or when it
 * is asked to. What a ring is and how it is used is in {@link dev.platter.aio.ring}.
 */
@NullMarked
package dev.platter.aio.access;

import org.jspecify.annotations.NullMarked;
