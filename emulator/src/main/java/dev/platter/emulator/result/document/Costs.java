package dev.platter.emulator.result.document;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the rows of {@code iotest} and {@code bench} end with: each run by itself, and what the runs
 * cost.
 *
 * @param percentilesUs pairs of percentile and microseconds
 */
public record Costs(
    List<Sample> samples,
    List<List<Double>> percentilesUs,
    @Nullable RequestStages stages,
    SchedulingFacts scheduling,
    CpuSeconds cpuSeconds,
    double requestsPerEnter,
    Notifies notifies,
    LoopCounters loopCounters,
    LockCounters bigLock,
    long mmioExits,
    long ioeventfds) {}
