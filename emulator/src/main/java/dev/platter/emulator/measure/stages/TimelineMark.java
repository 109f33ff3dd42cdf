package dev.platter.emulator.measure.stages;

/**
 * A mark on a time line.
 *
 * @param kind {@code gc}, {@code safepoint}, {@code timer} or {@code stall}
 * @param beginNanos on the clock of {@link System#nanoTime}
 * @param durationNanos how long it lasted; 0 for a moment
 * @param detail one phrase for people
 */
record TimelineMark(String kind, long beginNanos, long durationNanos, String detail) {}
