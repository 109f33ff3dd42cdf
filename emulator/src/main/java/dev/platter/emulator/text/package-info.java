/**
 * How figures and texts are shown to people: units, tables of 80 columns, paragraphs; the words
 * that people describe things with in options and files; and the statistics that summarise several
 * runs.
 *
 * <p>Threading: everything here is a value or a pure function. This package knows nothing of what
 * is measured or described, and writes to no stream.
 */
@NullMarked
package dev.platter.emulator.text;

import org.jspecify.annotations.NullMarked;
