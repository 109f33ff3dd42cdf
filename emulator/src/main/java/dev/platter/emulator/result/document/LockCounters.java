package dev.platter.emulator.result.document;

/** What the big lock cost. */
public record LockCounters(
    long acquisitions, long contended, double waitSeconds, double holdSeconds) {}
