package dev.platter.emulator.result.document;

import org.jspecify.annotations.Nullable;

/** CPU time; null where it is not known. */
public record CpuSeconds(@Nullable Double user, @Nullable Double sys) {}
