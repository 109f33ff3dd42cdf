package dev.platter.emulator.serve.options;

/**
 * Something that was asked for, and where.
 *
 * @param place how errors about it begin: an option and its value, or file, line and column
 * @param value what was asked for
 */
public record Placed<T>(String place, T value) {}
