package dev.platter.emulator.result.document;

/** Wake-ups of a loop that wrote its eventfd, and that did not have to. */
public record Notifies(long sent, long elided) {}
