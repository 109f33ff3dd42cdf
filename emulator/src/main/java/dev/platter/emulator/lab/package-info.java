/**
 * Experiments that reproduce, on the user's own host, trouble that others have met and published:
 * each states what was expected, measures, and says whether this host is affected and what to do.
 *
 * <p>Threading: an experiment runs on the thread that calls it and starts what threads it needs; it
 * leaves none behind, and no file. Experiments draw nothing ({@code result}) and know no options
 * ({@code cli}).
 */
@NullMarked
package dev.platter.emulator.lab;

import org.jspecify.annotations.NullMarked;
