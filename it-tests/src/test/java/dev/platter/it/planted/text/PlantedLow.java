package dev.platter.it.planted.text;

import dev.platter.it.planted.cli.PlantedHigh;
import org.jspecify.annotations.NullMarked;

/** Breaks the rules of packages with its like below: {@code ArchitectureTest} has to see it. */
@NullMarked
public record PlantedLow(PlantedHigh other) {}
