package dev.platter.emulator.lab;

import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What an experiment runs in.
 *
 * @param scratch an existing directory for its files, which it removes again
 * @param image the user's image to give a verdict on, or null; never written to
 * @param full whether to take more runs than fit a minute
 * @param interrupted whether the user wants it to end; asked often
 * @param progress told what it does now, for a terminal
 */
public record LabContext(
    Path scratch,
    @Nullable Path image,
    boolean full,
    BooleanSupplier interrupted,
    Consumer<String> progress) {}
