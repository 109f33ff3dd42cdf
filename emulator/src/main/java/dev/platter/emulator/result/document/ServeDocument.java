package dev.platter.emulator.result.document;

import java.util.List;

/** {@code platter.serve/1}. */
public record ServeDocument(@Inline Frame frame, List<ServeRow> rows) {}
