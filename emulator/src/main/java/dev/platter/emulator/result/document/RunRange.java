package dev.platter.emulator.result.document;

import org.jspecify.annotations.Nullable;

/** A figure over runs; null where no run has it. */
public record RunRange(@Nullable Double median, @Nullable Double min, @Nullable Double max) {}
