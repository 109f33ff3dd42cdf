package dev.platter.emulator.result.document;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A row of {@code platter.iotest/1}. */
public record IotestRow(
    String device,
    String loop,
    @Nullable String label,
    @Key("notify") boolean notifies,
    List<String> ablated,
    long runs,
    boolean partial,
    RunRange totalSeconds,
    @Nullable Double ratioToVirtio,
    @Nullable PairRatios ratioToVirtioPairs,
    Percentiles latencyUs,
    long bytesPerSecond,
    @Inline Costs costs)
    implements MeasuredRow {}
