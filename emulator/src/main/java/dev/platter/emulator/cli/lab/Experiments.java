package dev.platter.emulator.cli.lab;

import dev.platter.emulator.lab.Experiment;
import dev.platter.emulator.lab.iowait.IowaitExperiment;
import dev.platter.emulator.lab.iowq.IoWqExperiment;
import dev.platter.emulator.lab.lostwakeup.LostWakeupExperiment;
import dev.platter.emulator.lab.punting.PuntingExperiment;
import dev.platter.emulator.lab.ringflags.RingFlagsExperiment;
import java.util.List;

/** All experiments, in the order in which they are listed and run. */
final class Experiments {
  private static final List<Experiment> ALL =
      List.of(
          new LostWakeupExperiment(),
          new RingFlagsExperiment(),
          new IowaitExperiment(),
          new IoWqExperiment(),
          new PuntingExperiment());

  private Experiments() {}

  static List<Experiment> all() {
    return ALL;
  }
}
