package dev.platter.emulator.result.document;

import org.jspecify.annotations.Nullable;

/** A row of {@code platter.serve/1}: an export. */
public record ServeRow(
    String device,
    String label,
    String loop,
    long runs,
    boolean partial,
    @Nullable Percentiles latencyUs,
    @Nullable RequestStages stages) {}
