package dev.platter.emulator.result.document;

/** {@code platter.image/1}. */
public record ImageDocument(String schema, ImageFacts image) {}
