package dev.platter.emulator.lab.punting;

import org.jspecify.annotations.Nullable;

/**
 * One line of the table: writes over a file that was prepared in some way.
 *
 * @param pass 1 for the first writes to it, 2 for a second pass over the same blocks
 * @param count what was counted; null if it could not be tried
 * @param lacks why it could not, or null
 */
record PuntCase(
    FilesystemUnderTest filesystem,
    WriteLayout layout,
    int pass,
    @Nullable PuntCount count,
    @Nullable String lacks) {}
