package dev.platter.emulator.result.document;

/** What one run of {@code iotest} or {@code bench} measured by itself. */
public record Sample(
    boolean partial,
    long requests,
    double totalSeconds,
    double iops,
    long bytesPerSecond,
    Percentiles latencyUs,
    CpuSeconds cpuSeconds) {}
