package dev.platter.aio.trace;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TraceEventsTest {
  @TempDir private Path directory;

  private List<RecordedEvent> recorded(String name, Runnable work) throws IOException {
    Path file = directory.resolve("test.jfr");
    try (Recording recording = new Recording()) {
      recording.start();
      work.run();
      recording.stop();
      recording.dump(file);
    }
    return RecordingFile.readAllEvents(file).stream()
        .filter(event -> event.getEventType().getName().equals(name))
        .toList();
  }

  /** The event was timed inside these calls; its clock is not read in the same unit. */
  private static void assertWithin(RecordedEvent event, long nanos) {
    assertThat(event.getDuration()).isPositive().isLessThanOrEqualTo(Duration.ofNanos(nanos + 100));
    assertThat(event.getStackTrace()).isNull();
    assertThat(event.getEventType().getCategoryNames()).containsExactly("Platter");
    assertThat(event.getThread().getJavaName()).isEqualTo(Thread.currentThread().getName());
  }

  @Test
  @DisplayName("A loop's wait: how long, what ended it, what was in flight")
  void loopWait() throws IOException {
    long[] nanos = new long[2];
    List<RecordedEvent> events =
        recorded(
            "platter.LoopWait",
            () -> {
              nanos[0] = System.nanoTime();
              LoopWaitEvent wait = LoopWaitEvent.beginIfEnabled("main-loop");
              LoopWaitEvent.end(wait, Timeline.Wake.TIMER, 3);
              nanos[1] = System.nanoTime();
            });
    assertThat(events).hasSize(1);
    RecordedEvent event = events.getFirst();
    assertThat(event.getString("loop")).isEqualTo("main-loop");
    assertThat(event.getString("endedBy")).isEqualTo("timer");
    assertThat(event.getInt("blockRequestsInFlight")).isEqualTo(3);
    assertThat(event.getLong("beginNanoTime")).isBetween(nanos[0], nanos[1]);
    assertWithin(event, nanos[1] - nanos[0]);
  }

  @Test
  @DisplayName("A wait for the big lock: who had it, and for how long")
  void bigLockWait() throws IOException {
    long[] nanos = new long[2];
    List<RecordedEvent> events =
        recorded(
            "platter.BigLockWait",
            () -> {
              nanos[0] = System.nanoTime();
              BigLockWaitEvent.end(BigLockWaitEvent.beginIfEnabled(), "vcpu0", 2_100_000);
              nanos[1] = System.nanoTime();
            });
    assertThat(events).hasSize(1);
    RecordedEvent event = events.getFirst();
    assertThat(event.getString("holder")).isEqualTo("vcpu0");
    assertThat(event.getDuration("held")).isEqualTo(Duration.ofNanos(2_100_000));
    assertWithin(event, nanos[1] - nanos[0]);
  }

  @Test
  @DisplayName("Without a recording nothing is allocated")
  void costsNothingWithoutARecording() {
    assertThat(TraceEvents.present()).isTrue();
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 40 && least > 0; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 20_000; i++) {
        LoopWaitEvent.end(LoopWaitEvent.beginIfEnabled("loop"), Timeline.Wake.NONE, i);
        BigLockWaitEvent.end(BigLockWaitEvent.beginIfEnabled(), "vcpu0", i);
      }
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }
    assertThat(least).isZero();
  }
}
