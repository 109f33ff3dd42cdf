package dev.platter.emulator.result.document;

import org.jspecify.annotations.Nullable;

/** Latencies in microseconds; null where there are too few requests for one. */
public record Percentiles(
    @Nullable Double p50,
    @Nullable Double p99,
    @Nullable @Key("p99_9") Double p999,
    @Nullable Double max,
    @Nullable Double mean) {}
