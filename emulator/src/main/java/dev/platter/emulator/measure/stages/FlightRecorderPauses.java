package dev.platter.emulator.measure.stages;

import dev.platter.aio.trace.TraceEvents;
import dev.platter.emulator.measure.stages.SafepointLog.Interval;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import jdk.jfr.FlightRecorder;
import jdk.jfr.FlightRecorderListener;
import jdk.jfr.Recording;
import jdk.jfr.RecordingState;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingStream;

/**
 * Pauses of the JVM from a private flight recording of safepoints, their operations and garbage
 * collections. The recorder has its own clock; {@link ClockEvent} ties that clock to
 * System.nanoTime.
 */
final class FlightRecorderPauses implements PauseRecorder {
  // A server may run for months, so the number of kept events is bounded.
  private static final int EVENTS_KEPT = 50_000;
  private static final Duration END_OF_STREAM = Duration.ofSeconds(10);
  private static final String CLOCK = "platter.Clock";
  private static final String STREAM = "Recording Stream";

  // Other recordings are listed before ours is made, because ours is in the list from then on.
  private final Set<Long> others = recordingIds(recording -> true);
  private final RecordingStream stream = new RecordingStream();
  private final ClockPoints clock = new ClockPoints();
  private final SafepointLog log = new SafepointLog();
  private final FlightRecorderListener recordings =
      new FlightRecorderListener() {
        @Override
        public void recordingStateChanged(Recording recording) {
          muteUnlessOthersRecord();
        }
      };
  private final Set<Long> own = new HashSet<>();
  private int events;

  FlightRecorderPauses() {
    boolean started = false;
    TraceEvents.mute(true);
    try {
      // A handler's event object is valid only during the call.
      stream.setReuse(true);
      on(CLOCK, this::clock);
      onPause("jdk.SafepointBegin", e -> log.begins(e.getLong("safepointId"), interval(e)));
      onPause("jdk.SafepointEnd", e -> log.ends(e.getLong("safepointId"), interval(e)));
      onPause("jdk.ExecuteVMOperation", this::operation);
      onPause("jdk.GCPhasePause", e -> log.collectorPause(e.getInt("gcId"), interval(e)));
      onPause(
          "jdk.GarbageCollection",
          e -> log.collection(e.getInt("gcId"), e.getString("name") + ", " + e.getString("cause")));
      stream.startAsync();
      own.addAll(recordingIds(recording -> recording.getName().startsWith(STREAM)));
      own.removeAll(others);
      FlightRecorder.addListener(recordings);
      muteUnlessOthersRecord();
      started = true;
    } finally {
      if (!started) {
        TraceEvents.mute(false);
        stream.close();
      }
    }
    for (int i = 0; i < 16; i++) {
      // The first events are slow, since their code is loaded and compiled.
      ClockEvent.emit();
    }
  }

  private static Set<Long> recordingIds(Predicate<Recording> which) {
    return FlightRecorder.getFlightRecorder().getRecordings().stream()
        .filter(which)
        .map(Recording::getId)
        .collect(Collectors.toSet());
  }

  private void muteUnlessOthersRecord() {
    Set<Long> running = recordingIds(recording -> recording.getState() == RecordingState.RUNNING);
    TraceEvents.mute(own.containsAll(running));
  }

  private void on(String event, Consumer<RecordedEvent> handler) {
    stream.enable(event).withoutThreshold().withoutStackTrace();
    stream.onEvent(event, handler);
  }

  private void onPause(String event, Consumer<RecordedEvent> handler) {
    on(
        event,
        recorded -> {
          if (events < EVENTS_KEPT) {
            events++;
            handler.accept(recorded);
          }
        });
  }

  private void clock(RecordedEvent event) {
    clock.add(
        new ClockMap.Point(
            epochNanos(event.getStartTime()),
            epochNanos(event.getEndTime()),
            event.getLong("nanoTime")));
  }

  private void operation(RecordedEvent event) {
    if (event.getBoolean("safepoint")) {
      log.operation(event.getLong("safepointId"), event.getString("operation"));
    }
  }

  private static Interval interval(RecordedEvent event) {
    return new Interval(epochNanos(event.getStartTime()), epochNanos(event.getEndTime()));
  }

  private static long epochNanos(Instant instant) {
    return instant.getEpochSecond() * 1_000_000_000L + instant.getNano();
  }

  /**
   * Has the recorded events delivered on the stream's thread, and waits for that.
   *
   * @return false if the recording was stopped already, by the JVM's end or by jcmd; no more events
   *     come then
   */
  private boolean stopStream() {
    try {
      stream.stop();
      return true;
    } catch (IllegalStateException e) {
      return false;
    } finally {
      stream.close();
      awaitEndOfStream();
    }
  }

  private void awaitEndOfStream() {
    try {
      stream.awaitTermination(END_OF_STREAM);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void tick() {
    ClockEvent.emit();
  }

  @Override
  public Found stop() {
    ClockEvent.emit();
    boolean cutShort = !stopStream();
    FlightRecorder.removeListener(recordings);
    TraceEvents.mute(false);
    String end = cutShort ? ", until something else stopped it" : "";
    ClockMap map = new ClockMap(clock.points());
    if (map.isEmpty()) {
      return new Found(List.of(), "flight recorder, without a clock to go by" + end, 0);
    }
    String source =
        events < EVENTS_KEPT
            ? "flight recorder"
            : "flight recorder, its first " + EVENTS_KEPT + " events";
    return new Found(log.pauses(map), source + end, map.errorNanos());
  }
}
