package dev.platter.it.planted.cli;

import dev.platter.it.planted.text.PlantedLow;
import org.jspecify.annotations.NullMarked;

/** Breaks the rules of packages with its like below: {@code ArchitectureTest} has to see it. */
@NullMarked
public record PlantedHigh(PlantedLow other) {}
