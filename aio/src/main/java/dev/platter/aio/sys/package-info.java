/**
 * The FFM fence: every native call, and every restricted method of {@code java.lang.foreign}, is
 * here and nowhere else (ArchUnit checks it).
 *
 * <p>Threading: all methods may be called from any thread; the errno buffer is one per thread.
 * Wrappers return a value {@code >= 0} or {@code -errno} and never throw for what the kernel
 * answers. This package does not decide anything: it has no policy, no retries, no rings.
 */
@NullMarked
package dev.platter.aio.sys;

import org.jspecify.annotations.NullMarked;
