package dev.platter.emulator.lab;

import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The surroundings of an experiment.
 *
 * @param scratch an existing directory for its files, which the experiment removes again
 * @param image the user's image to give a verdict on, or null; never written to
 * @param full whether to take more runs than fit a minute
 * @param interrupted whether the user wants it to end; asked often
 * @param progress gets the present step, for a terminal
 * @param plant whether the trouble is planted or kept away, to try out the experiment itself
 */
public record LabContext(
    Path scratch,
    @Nullable Path image,
    boolean full,
    BooleanSupplier interrupted,
    Consumer<String> progress,
    Plant plant) {
  /** For an experiment on the host as it is. */
  public LabContext(
      Path scratch,
      @Nullable Path image,
      boolean full,
      BooleanSupplier interrupted,
      Consumer<String> progress) {
    this(scratch, image, full, interrupted, progress, Plant.NONE);
  }
}
