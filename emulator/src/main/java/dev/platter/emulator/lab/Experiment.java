package dev.platter.emulator.lab;

import dev.platter.aio.PlatterException;

/** One experiment. */
public interface Experiment {
  /** Its name on the command line and in JSON, in lower case with hyphens. */
  String name();

  /** The question that it answers, in one line without a final full stop. */
  String summary();

  /**
   * Runs it, in less than a minute on an ordinary host.
   *
   * <p>If the host lacks something for the whole experiment, the finding has the verdict
   * NOT_POSSIBLE and a remedy. If the host lacks something for a part, the finding says so and the
   * other parts run. An interrupted experiment returns its results so far, marked as partial.
   *
   * @throws PlatterException if a step fails unexpectedly
   */
  Finding run(LabContext context);
}
