package dev.platter.emulator.result.document;

/**
 * Why the figures of a result may not be what they seem.
 *
 * @param kind a word for programs
 * @param text sentences for people
 */
public record Warning(String kind, String text) {}
