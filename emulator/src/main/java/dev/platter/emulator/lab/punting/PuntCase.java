package dev.platter.emulator.lab.punting;

import org.jspecify.annotations.Nullable;

/**
 * One line of the table: writes over a file of one layout.
 *
 * @param pass 1 for the first writes to it, 2 for a second pass over the same blocks
 * @param count the counts; null if the case could not be tried
 * @param lacks the reason for that, or null
 */
record PuntCase(
    FilesystemUnderTest filesystem,
    WriteLayout layout,
    int pass,
    @Nullable PuntCount count,
    @Nullable String lacks) {}
