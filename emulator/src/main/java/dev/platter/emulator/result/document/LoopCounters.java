package dev.platter.emulator.result.document;

/** What the loop did that does the I/O; of several IOThreads their sum. */
public record LoopCounters(
    long turns,
    long enters,
    long requests,
    long pollHits,
    long pollMisses,
    long sqFull,
    long noIowaitWaits) {}
