package dev.platter.emulator.measure.machine;

import dev.platter.aio.loop.AioConfig;

/**
 * What a machine is made of.
 *
 * @param ramBytes guest RAM
 * @param mainLoop the main loop's set-up
 * @param ioThread each IOThread's set-up
 * @param ioThreads how many IOThreads
 * @param haltPollNanos longest spin of a halted vCPU before its thread sleeps
 * @param stamps whether to note when doorbells are rung and interrupts raised
 */
public record MachineConfig(
    long ramBytes,
    AioConfig mainLoop,
    AioConfig ioThread,
    int ioThreads,
    long haltPollNanos,
    boolean stamps) {}
