/**
 * Experiments that reproduce published trouble on the user's own host. Each states its expectation,
 * measures, and says whether this host is affected and what to do.
 *
 * <p>Threading: an experiment runs on the thread that calls it and starts the threads that it
 * needs; it leaves no thread and no file behind. Drawing is the work of {@code result}, and options
 * belong to {@code cli}.
 */
@NullMarked
package dev.platter.emulator.lab;

import org.jspecify.annotations.NullMarked;
