package dev.platter.emulator.result.document;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code platter.iotest/1} and {@code platter.bench/1}.
 *
 * @param <R> their rows
 * @param failure what ended the runs early; null if nothing did
 */
public record RunDocument<R extends Record>(
    @Inline Frame frame, List<R> rows, @Nullable String failure) {}
