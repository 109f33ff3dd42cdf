package dev.platter.emulator.result.document;

/**
 * Ratios of runs of the same number.
 *
 * @param pairs how many there are
 */
public record PairRatios(long pairs, double median, double min, double max) {}
