package dev.platter.emulator.measure.machine;

import dev.platter.aio.loop.AioConfig;

/**
 * The parts of a machine.
 *
 * @param ramBytes guest RAM
 * @param mainLoop the main loop's set-up
 * @param ioThread each IOThread's set-up
 * @param ioThreads how many IOThreads
 * @param haltPollNanos longest spin of a halted vCPU before its thread sleeps
 * @param stamps whether to note the times of doorbells and interrupts
 */
public record MachineConfig(
    long ramBytes,
    AioConfig mainLoop,
    AioConfig ioThread,
    int ioThreads,
    long haltPollNanos,
    boolean stamps) {}
