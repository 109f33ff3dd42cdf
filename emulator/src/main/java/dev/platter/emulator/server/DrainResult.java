package dev.platter.emulator.server;

/**
 * What a barrier has come to.
 *
 * @param requests how many requests were in flight when it began; all of them have completed
 * @param flushed whether writable images were flushed after that
 * @param millis how long it took, in milliseconds
 */
public record DrainResult(int requests, boolean flushed, long millis) {}
