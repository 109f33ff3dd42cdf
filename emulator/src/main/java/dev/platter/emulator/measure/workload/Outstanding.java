package dev.platter.emulator.measure.workload;

import dev.platter.aio.PlatterException;
import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.DiskDriver;
import dev.platter.emulator.measure.stages.Latencies;
import dev.platter.emulator.measure.stages.StageRecorder;
import java.util.function.BooleanSupplier;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * The requests that a workload has outstanding on a target: stamps the requests, takes their
 * completions in order of arrival, and gives up on a silent disk after a while, as a kernel's block
 * layer does.
 */
final class Outstanding implements DiskDriver.CompletionSink {
  /** As long as Linux waits for a SCSI command. */
  private static final long TIMEOUT_NANOS = 30_000_000_000L;

  /** How long a signal waits at most while no request completes. */
  private static final long LOOK_NANOS = 100_000_000L;

  private static final long IN_FLIGHT = -1; // in place of a latency

  private final IoTarget target;
  private final long[] submittedNanos;
  private final long[] latencyNanos;
  private final int[] statuses;
  private final int[] finished;
  private final @Nullable StageRecorder recorder;
  private final @Nullable Timeline[] timelines;
  private final Operation[] operations;
  private final long[] offsets;
  private final int[] lengths;
  private int head;
  private int tail;
  private int count;
  // When the last awaited completion came.
  private long silentSinceNanos;

  Outstanding(IoTarget target, int depth) {
    this.target = target;
    this.submittedNanos = new long[depth];
    this.latencyNanos = new long[depth];
    this.statuses = new int[depth];
    this.finished = new int[depth + 1];
    this.recorder = target.recorder();
    this.timelines = new Timeline[depth];
    this.operations = new Operation[depth];
    this.offsets = new long[depth];
    this.lengths = new int[depth];
    target.setSink(this);
  }

  void submit(int tag, Operation operation, long offsetBytes, int lengthBytes) {
    count++;
    operations[tag] = operation;
    offsets[tag] = offsetBytes;
    lengths[tag] = lengthBytes;
    if (recorder != null) {
      recorder.spanBegins(tag);
    }
    long now = System.nanoTime();
    if (count == 1) {
      silentSinceNanos = now;
    }
    submittedNanos[tag] = now;
    latencyNanos[tag] = IN_FLIGHT;
    target.submit(tag, operation, offsetBytes, lengthBytes);
  }

  @Override
  public void done(int tag, int status) {
    long now = System.nanoTime();
    latencyNanos[tag] = now - submittedNanos[tag];
    silentSinceNanos = now;
    if (recorder != null) {
      recorder.spanEnds(tag);
      Timeline timeline = target.timeline(tag);
      if (timeline != null) {
        timeline.stamp(Stamp.SUBMITTED, submittedNanos[tag]);
        timeline.stamp(Stamp.SEEN, now);
      }
      timelines[tag] = timeline;
    }
    statuses[tag] = status;
    finished[tail] = tag;
    tail = tail + 1 == finished.length ? 0 : tail + 1;
  }

  /** How many requests were submitted and not taken. */
  int count() {
    return count;
  }

  /** Whether {@link #take} has a finished request. */
  boolean hasFinished() {
    return head != tail;
  }

  /** Takes the tag of the next finished request. */
  int take() {
    int tag = finished[head];
    head = head + 1 == finished.length ? 0 : head + 1;
    count--;
    return tag;
  }

  /** Records a taken request, with its stages if they are wanted. */
  void record(Histogram latency, int tag) {
    Latencies.record(latency, latencyNanos[tag]);
    Timeline timeline = timelines[tag];
    if (recorder != null && timeline != null) {
      recorder.record(tag, timeline, operations[tag], offsets[tag], lengths[tag]);
    }
  }

  /** From submission to completion of a request that was taken. */
  long latencyNanos(int tag) {
    return latencyNanos[tag];
  }

  /** The device's status of a finished request, {@link DiskDriver#OK} if it went well. */
  int status(int tag) {
    return statuses[tag];
  }

  /** The requests that the disk has not answered; null if it has answered all. */
  @Nullable UnansweredRequests unanswered() {
    long now = System.nanoTime();
    long longest = 0;
    int requests = 0;
    for (int tag = 0; tag < latencyNanos.length; tag++) {
      if (latencyNanos[tag] == IN_FLIGHT) {
        requests++;
        longest = Math.max(longest, now - submittedNanos[tag]);
      }
    }
    return requests == 0 ? null : new UnansweredRequests(requests, now - longest, now);
  }

  /**
   * Waits until a request has finished.
   *
   * @param givenUp whether to stop waiting; asked while nothing completes
   * @return whether a request has finished
   * @throws PlatterException of kind FAILED if none does in 30 s
   */
  boolean await(BooleanSupplier givenUp) {
    long deadline = silentSinceNanos;
    while (!hasFinished()) {
      deadline += LOOK_NANOS;
      target.await(deadline);
      failIfSilent();
      if (!hasFinished() && givenUp.getAsBoolean()) {
        return false;
      }
    }
    return true;
  }

  /**
   * Waits for the next outstanding request; a finished request is there at once.
   *
   * @return false if none is outstanding, or if the grace is over
   * @throws PlatterException as {@link #await} does
   */
  boolean awaitNext(CancelGrace patience) {
    return count > 0 && (hasFinished() || (!patience.getAsBoolean() && await(patience)));
  }

  /**
   * Waits until a request has finished, or until a time, also if none is outstanding.
   *
   * @throws PlatterException of kind FAILED if requests are outstanding and none has finished in 30
   *     s
   */
  void awaitUntil(long deadlineNanos) {
    while (!hasFinished() && System.nanoTime() - deadlineNanos < 0) {
      target.await(deadlineNanos);
      failIfSilent();
    }
  }

  private void failIfSilent() {
    if (count > 0 && !hasFinished() && System.nanoTime() - silentSinceNanos >= TIMEOUT_NANOS) {
      throw PlatterException.failed(
          count + " requests outstanding and none completed in 30 s", null);
    }
  }
}
