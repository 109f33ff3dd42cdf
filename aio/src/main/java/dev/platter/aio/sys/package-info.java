/**
 * The FFM fence: every native call, and every restricted method of {@code java.lang.foreign}, is
 * here and nowhere else (ArchUnit checks it).
 *
 * <p>Threading: all methods may be called from any thread; the errno buffer is one per thread.
 * Wrappers return a value {@code >= 0} or {@code -errno}, and throw for no answer of the kernel.
 * This package has no policy, no retries and no rings.
 */
@NullMarked
package dev.platter.aio.sys;

import org.jspecify.annotations.NullMarked;
