/**
 * The O_DIRECT writes that are handed to worker threads, by file system and by layout of the file.
 *
 * <p>Threading: mounts live in a namespace of one thread, and go with it. An image of the user is
 * only read. This package judges only its own experiment; shared parts are in {@code lab}.
 */
@NullMarked
package dev.platter.emulator.lab.punting;

import org.jspecify.annotations.NullMarked;
