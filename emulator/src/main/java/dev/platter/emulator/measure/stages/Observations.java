package dev.platter.emulator.measure.stages;

import java.util.List;

/**
 * Events in the process while requests were recorded.
 *
 * @param pauses garbage collections and other safepoints, in the order of time
 * @param workers when worker threads of io_uring were busy
 * @param source the source of the pauses and its exactness, in one phrase for people
 * @param errorNanos how far a pause's times may be off
 * @param delays how long the threads waited for a CPU
 */
public record Observations(
    List<JvmPause> pauses,
    BusyIntervals workers,
    String source,
    long errorNanos,
    ThreadDelays delays) {
  /** Nothing was observed. */
  public static final Observations NONE =
      new Observations(List.of(), BusyIntervals.NONE, "not observed", 0, ThreadDelays.NONE);
}
