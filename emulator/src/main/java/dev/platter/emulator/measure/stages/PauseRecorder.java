package dev.platter.emulator.measure.stages;

import java.util.List;

/** Records the JVM's pauses from one source. */
interface PauseRecorder {
  /**
   * The pauses that were found.
   *
   * @param pauses in the order of time
   * @param source in a phrase for people
   * @param errorNanos how far times may be off
   */
  record Found(List<JvmPause> pauses, String source, long errorNanos) {}

  /** Called every 100 ms or so while observing. */
  void tick();

  /** Ends and returns the pauses; called once. */
  Found stop();
}
