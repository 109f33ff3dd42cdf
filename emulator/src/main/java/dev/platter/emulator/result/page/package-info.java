/**
 * Result documents as one HTML page: what was found and why, the figures, charts, the environment,
 * how to repeat it. A page needs nothing but itself: no network, no file beside it, no script to be
 * readable. It is drawn from the same JSON that {@code --json} writes, so the figures are the same.
 *
 * <p>Role: turns documents into text. It measures nothing, and reads no file but the documents that
 * {@code platter report} names. Threading: everything here is called by one thread, after the run.
 * Whatever stands in a document is foreign text: it reaches the page only through {@code Markup},
 * which escapes it.
 */
@NullMarked
package dev.platter.emulator.result.page;

import org.jspecify.annotations.NullMarked;
