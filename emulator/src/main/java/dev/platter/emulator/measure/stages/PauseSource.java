package dev.platter.emulator.measure.stages;

import java.util.List;

/** Where pauses of the JVM are learnt from. */
interface PauseSource {
  /**
   * What was found.
   *
   * @param pauses in the order of time
   * @param source in a phrase for people
   * @param errorNanos how far times may be off
   */
  record Found(List<JvmPause> pauses, String source, long errorNanos) {}

  /** Called every 100 ms or so while observing. */
  void tick();

  /** Ends observing and gives what was found; called once. */
  Found stop();
}
