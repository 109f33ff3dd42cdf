package dev.platter.emulator.measure.stages;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.aio.trace.Timeline.Wake;
import dev.platter.devices.block.meter.Operation;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RequestEventTest {
  @TempDir private Path directory;
  private final StageRecorder recorder = new StageRecorder(TracedDevice.AHCI, "sata0");

  @BeforeEach
  void begin() {
    recorder.begin(Timelines.ORIGIN);
  }

  private List<RecordedEvent> recorded(Runnable work) throws IOException {
    Path file = directory.resolve("test.jfr");
    try (Recording recording = new Recording()) {
      recording.start();
      work.run();
      recording.stop();
      recording.dump(file);
    }
    return RecordingFile.readAllEvents(file).stream()
        .filter(event -> event.getEventType().getName().equals("platter.Request"))
        .toList();
  }

  @Test
  @DisplayName("The event has the request's stages, and they add up")
  void fields() throws IOException {
    Timeline timeline = new Timeline();
    timeline.queued(1, true, false);
    timeline.entered(1, Wake.TIMER);
    Timeline stamps = Timelines.of(0, 1, 3, 6, 10, 2015, 2021, 2028, 2036, 2045, 2055);
    for (Stamp stamp : Stamp.values()) {
      timeline.stamp(stamp, stamps.at(stamp));
    }
    List<RecordedEvent> events =
        recorded(() -> recorder.record(timeline, Operation.WRITE, 8192, 4096));
    assertThat(events).hasSize(1);
    RecordedEvent event = events.getFirst();
    assertThat(event.getString("disk")).isEqualTo("sata0");
    assertThat(event.getString("operation")).isEqualTo("write");
    assertThat(event.getLong("offset")).isEqualTo(8192);
    assertThat(event.getLong("length")).isEqualTo(4096);
    assertThat(event.getLong("beginNanoTime")).isEqualTo(Timelines.ORIGIN);
    assertThat(event.getString("stallCause")).isEqualTo("not_notified");
    assertThat(event.getDuration("queue")).isEqualTo(Duration.ofNanos(2_005_000));
    Duration sum = Duration.ZERO;
    for (Stamp end : Stamp.values()) {
      if (end != Stamp.SUBMITTED) {
        sum = sum.plus(event.getDuration(end.stage()));
      }
    }
    assertThat(sum).isEqualTo(event.getDuration("endToEnd")).isEqualTo(Duration.ofNanos(2_055_000));
    assertThat(event.getStackTrace()).isNull();
    assertThat(event.getEventType().getCategoryNames()).containsExactly("Platter");
  }

  @Test
  @DisplayName("An event that was begun with its request lasts as long as its timeline")
  void spans() throws IOException {
    int requests = 200;
    List<RecordedEvent> events =
        recorded(() -> {
          for (int i = 0; i < requests; i++) {
            Timeline timeline = new Timeline();
            timeline.stamp(Stamp.SUBMITTED, System.nanoTime());
            recorder.spanBegins(i % 8);
            recorder.spanEnds(i % 8);
            timeline.stamp(Stamp.SEEN, System.nanoTime());
            recorder.record(i % 8, timeline, Operation.READ, i, 512);
          }
        });
    assertThat(events).hasSize(requests);
    // The event lies inside the timeline; the two clocks are not read in the same unit.
    assertThat(events)
        .allSatisfy(event ->
            assertThat(event.getDuration())
                .isLessThanOrEqualTo(event.getDuration("endToEnd").plusNanos(100)));
    assertThat(events).anySatisfy(event -> assertThat(event.getDuration()).isPositive());
    assertThat(events.stream().map(event -> event.getLong("offset")).distinct()).hasSize(requests);
  }

  @Test
  @DisplayName("A span is not taken over by the slot's next request, nor by a later recording")
  void spansEndWithTheirRequest() throws IOException {
    Timeline timeline = Timelines.of(0, 1);
    assertThat(recorded(() -> recorder.spanBegins(3))).isEmpty();
    List<RecordedEvent> events =
        recorded(() -> {
          recorder.record(2, timeline, Operation.READ, 0, 512);
          recorder.record(timeline, Operation.READ, 1, 512);
        });
    assertThat(events)
        .hasSize(2)
        .allSatisfy(event -> assertThat(event.getDuration()).isEqualTo(Duration.ZERO));
  }

  @Test
  void withoutARecordingNothingIsWritten() throws IOException {
    recorder.spanBegins(0);
    recorder.record(0, Timelines.of(0, 1), Operation.READ, 0, 512);
    assertThat(recorded(() -> {})).isEmpty();
  }
}
