/**
 * How a server confines itself: to its images and socket directories by Landlock, and to the
 * privileges that it has (docs/security.md, ADR 016).
 *
 * <p>Threading: {@link dev.platter.emulator.server.confine.Confinement#enter} is called once, on
 * the main thread, before anything else is started; it may execute the same Java again, since
 * Landlock takes hold of one thread only and a JVM has more before {@code main} runs. What {@code
 * state} tells may be read from any thread.
 *
 * <p>Makes no namespace, installs no seccomp filter, changes no user: whoever starts the server
 * does that.
 */
@NullMarked
package dev.platter.emulator.server.confine;

import org.jspecify.annotations.NullMarked;
