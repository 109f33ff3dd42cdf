package dev.platter.emulator.server;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.Counter;
import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.RequestTracing;
import dev.platter.devices.block.meter.Operation;
import dev.platter.emulator.measure.stages.MarkLog;
import dev.platter.emulator.measure.stages.PathThreads;
import dev.platter.emulator.measure.stages.StageRecorder;
import dev.platter.emulator.measure.stages.StageRun;
import dev.platter.emulator.measure.stages.StallCause;
import dev.platter.emulator.measure.stages.TracedDevice;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The stages of an export's requests, as far as a server sees them: from the doorbell's arrival
 * here to the interrupt. One recorder for each loop that completes requests, written on that loop.
 */
final class ExportStages implements RequestTracing {
  private static final StallCause[] CAUSES = StallCause.values();

  // Two are looked at when a recording ends, the third by guests only.
  private static final Set<StallCause> NEVER_SEEN =
      Set.of(StallCause.GC_PAUSE, StallCause.NOT_SCHEDULED, StallCause.GUEST_LATE);

  private final String name;
  private final TracedDevice device;
  private final List<AioContext> loops;
  private final List<StageRecorder> recorders = new ArrayList<>();
  // Of each loop, by cause; they outlive the recorders.
  private final List<List<Counter>> stalls = new ArrayList<>();
  // When the server was last quiesced until: written before its loops go on.
  private volatile long quiescedUntilNanos;
  private volatile boolean wasQuiesced;
  private MarkLog marks = newMarks();

  /**
   * Records from now on.
   *
   * @param name the export's
   * @param loops where requests complete: of virtio, queue {@code i}'s is the one at {@code i %
   *     size}; of AHCI its main loop
   */
  ExportStages(String name, TracedDevice device, List<AioContext> loops) {
    this.name = name;
    this.device = device;
    this.loops = List.copyOf(loops);
    for (int i = 0; i < loops.size(); i++) {
      recorders.add(started(loops.get(i)));
      stalls.add(Stream.generate(Counter::new).limit(CAUSES.length).toList());
    }
  }

  private StageRecorder started(AioContext loop) {
    StageRecorder recorder =
        new StageRecorder(device, name, PathThreads.ofExport(name, loop.name()));
    recorder.begin(System.nanoTime());
    return recorder;
  }

  private static MarkLog newMarks() {
    return new MarkLog("quiesce", "the server was quiesced: guests waited for it to be resumed");
  }

  /** The server is about to go on after it was quiesced, at a time of {@link System#nanoTime}. */
  void resumes(long nanoTime) {
    quiescedUntilNanos = nanoTime;
    wasQuiesced = true;
  }

  /** The server was quiesced between two times of {@link System#nanoTime}. Any thread. */
  synchronized void wasQuiesced(long fromNanos, long toNanos) {
    marks.add(fromNanos, toNanos - fromNanos);
  }

  private synchronized MarkLog takeMarks() {
    MarkLog taken = marks;
    marks = newMarks();
    return taken;
  }

  /**
   * Leaves out of a request's way what it waited for a quiesced server: that is no stage of it. Its
   * way begins when the server goes on.
   *
   * @return whether it can be recorded: not if it was under way already
   */
  private boolean leaveOutQuiesce(Timeline timeline, StageRecorder recorder) {
    long until = quiescedUntilNanos;
    if (timeline.at(device.first()) - until >= 0 || timeline.at(Stamp.COMPLETED) - until < 0) {
      return true;
    }
    recorder.countHeldByQuiesce();
    if (timeline.has(Stamp.QUEUED) && timeline.at(Stamp.QUEUED) - until < 0) {
      return false;
    }
    timeline.stamp(Stamp.EXIT, until);
    timeline.stamp(Stamp.HANDLED, until);
    return true;
  }

  @Override
  public Timeline timeline(int unit, int slot) {
    return new Timeline();
  }

  @SuppressWarnings("EnumOrdinal") // the order is nobody's concern but that of the lists here
  private static int index(StallCause cause) {
    return cause.ordinal();
  }

  private int loopOf(int unit) {
    return unit % loops.size();
  }

  @Override
  public void completed(
      Timeline timeline, Operation operation, long offsetBytes, long lengthBytes, int unit) {
    timeline.stamp(Stamp.INTERRUPT, System.nanoTime());
    int loop = loopOf(unit);
    StageRecorder recorder = recorders.get(loop);
    if (wasQuiesced && !leaveOutQuiesce(timeline, recorder)) {
      return;
    }
    StallCause cause = recorder.record(timeline, operation, offsetBytes, lengthBytes);
    if (cause != null) {
      stalls.get(loop).get(index(cause)).increment();
    }
  }

  /** How many stalls had each cause since the export is there. Any thread, without waiting. */
  Map<StallCause, Long> stalls() {
    Map<StallCause, Long> counts = new EnumMap<>(StallCause.class);
    for (StallCause cause : CAUSES) {
      if (!NEVER_SEEN.contains(cause)) {
        long count = stalls.stream().mapToLong(loop -> loop.get(index(cause)).get()).sum();
        counts.put(cause, count);
      }
    }
    return counts;
  }

  /**
   * Ends this part of the recording and begins the next. Any thread that does not hold the big
   * lock.
   *
   * @return what was recorded since the last time
   */
  StageRun take() {
    List<StageRecorder> taken = new ArrayList<>();
    for (int i = 0; i < loops.size(); i++) {
      int index = i;
      StageRecorder next = started(loops.get(i));
      loops
          .get(i)
          .invoke(() -> {
            StageRecorder ended = recorders.set(index, next);
            ended.end(System.nanoTime());
            taken.add(ended);
          });
    }
    return new StageRun(1, taken, List.of(takeMarks()));
  }
}
