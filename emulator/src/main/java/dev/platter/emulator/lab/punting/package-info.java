/**
 * Which O_DIRECT writes are handed to worker threads, by file system and by how the file was made.
 *
 * <p>Threading: mounts live in a namespace of one thread, and go with it. An image that the user
 * names is only looked at. This package judges its own experiment only; what all share is in {@code
 * lab}.
 */
@NullMarked
package dev.platter.emulator.lab.punting;

import org.jspecify.annotations.NullMarked;
