package dev.platter.emulator.lab;

import dev.platter.aio.PlatterException;

/** One experiment. */
public interface Experiment {
  /** Its name on the command line and in JSON, in lower case with hyphens. */
  String name();

  /** What it finds out, in one line without a final full stop. */
  String summary();

  /**
   * Runs it, in less than a minute on an ordinary host.
   *
   * <p>What the host lacks for all of it is a finding with the verdict NOT_POSSIBLE and a remedy;
   * what it lacks for a part is said in the finding, and the rest is done. An interrupted
   * experiment returns what it has, marked so.
   *
   * @throws PlatterException if something fails that should not
   */
  Finding run(LabContext context);
}
