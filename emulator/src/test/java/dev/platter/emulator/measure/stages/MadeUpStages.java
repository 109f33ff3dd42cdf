package dev.platter.emulator.measure.stages;

import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.meter.Operation;
import java.util.List;
import java.util.SplittableRandom;

/** Recorded stages of requests that nobody made. */
public final class MadeUpStages {
  /** A collection and what the observer says of itself. */
  public static final Observations SEEN =
      new Observations(
          List.of(new JvmPause("gc", Timelines.nanos(1_000), Timelines.nanos(8_000), "young")),
          BusyIntervals.NONE,
          "made up",
          1_000_000,
          ThreadDelays.NONE);

  private MadeUpStages() {}

  /** A run of a device: random timelines, and two requests that a stage held up. */
  public static StageRun of(TracedDevice device, int number, int requests) {
    SplittableRandom random = new SplittableRandom(number);
    StageRecorder recorder = new StageRecorder(device, "disk");
    recorder.begin(Timelines.ORIGIN);
    for (int i = 0; i < requests; i++) {
      recorder.record(Timelines.random(random), Operation.READ, i * 4096L, 4096);
    }
    for (Stamp late : List.of(Stamp.ENTERED, Stamp.READY)) {
      Timeline timeline = new Timeline();
      timeline.queued(1, true, false);
      timeline.entered(1, Timeline.Wake.TIMER);
      Timeline stamps = Timelines.longStage(200_000, late, 498_000);
      for (Stamp stamp : Stamp.values()) {
        timeline.stamp(stamp, stamps.at(stamp));
      }
      recorder.record(timeline, Operation.WRITE, 131_072, 131_072);
    }
    recorder.end(Timelines.nanos(2_000_000));
    MarkLog ticks = new MarkLog("timer", "housekeeping");
    ticks.add(Timelines.nanos(499_000), 2_000);
    return new StageRun(number, List.of(recorder), List.of(ticks));
  }
}
