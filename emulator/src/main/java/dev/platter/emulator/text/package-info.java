/**
 * Figures and texts for people: units, tables of 80 columns, paragraphs; the keys and values in
 * options and files; and the statistics that summarise several runs.
 *
 * <p>Threading: everything here is a value or a pure function. This package does not know the
 * measured or described objects, and writes to no stream.
 */
@NullMarked
package dev.platter.emulator.text;

import org.jspecify.annotations.NullMarked;
