package dev.platter.emulator.measure.stages;

import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.meter.Operation;
import java.util.Arrays;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Collects the timelines of one device's requests. The thread that sees the completions writes;
 * others read when that thread is done. Recording takes no lock and allocates nothing.
 *
 * <p>Nothing is recorded before {@link #begin} and after {@link #end}.
 *
 * <p>Gaps are closed: the time before a station that was not passed belongs to the next stage. Two
 * threads that race may leave stamps out of order, for example when a completion is seen before its
 * interrupt. Such stamps are moved between their neighbours and counted by station, so a request's
 * stages add up to the whole exactly.
 */
public final class StageRecorder {
  private static final Stamp[] STAMPS = Stamp.values();

  private final TracedDevice device;
  private final PathThreads threads;
  private final long thresholdNanos;
  private final RequestSpans spans;
  private final Histogram endToEnd = Latencies.newHistogram();
  private final Histogram[] stages = new Histogram[Stamp.COUNT];
  private final long[] stageSums = new long[Stamp.COUNT];
  private final long[] stageMaxima = new long[Stamp.COUNT];
  private final long[] clampedAt = new long[Stamp.COUNT];
  private final PercentileBands bands = new PercentileBands();
  private final SlowestRequests slowest = new SlowestRequests();
  private final LatencyHistory timeline = new LatencyHistory();
  private final StallLog stalls = new StallLog();
  private RequestRecord scratch = new RequestRecord();
  private boolean recording;
  private long originNanos;
  private long endNanos;
  private long clamped;
  private long incomplete;
  private long heldByQuiesce;
  private long endToEndSum;
  private long endToEndMax;

  /**
   * An empty recorder for a device in a machine of this process, which counts stages of more than a
   * millisecond as stalls.
   *
   * @param name the device's name, for flight recordings
   */
  public StageRecorder(TracedDevice device, String name) {
    this(device, name, PathThreads.of(device), StallJudge.DEFAULT_THRESHOLD_NANOS);
  }

  /**
   * An empty recorder that counts stages of more than a millisecond as stalls.
   *
   * @param name the device's or the export's, for flight recordings
   * @param threads those that do the requests
   */
  public StageRecorder(TracedDevice device, String name, PathThreads threads) {
    this(device, name, threads, StallJudge.DEFAULT_THRESHOLD_NANOS);
  }

  /**
   * An empty recorder.
   *
   * @param name the device's or the export's, for flight recordings
   * @param threads those that do the requests
   * @param stallThresholdNanos how long a stage must be to count as a stall
   */
  public StageRecorder(
      TracedDevice device, String name, PathThreads threads, long stallThresholdNanos) {
    this.device = device;
    this.threads = threads;
    this.thresholdNanos = stallThresholdNanos;
    this.spans = new RequestSpans(name);
    for (Stamp end : STAMPS) {
      stages[end.index()] = Latencies.newHistogram();
    }
  }

  /**
   * Begins the measured part, at a time of {@link System#nanoTime}, and forgets earlier requests.
   */
  public void begin(long nanoTime) {
    for (Histogram stage : stages) {
      stage.reset();
    }
    endToEnd.reset();
    Arrays.fill(stageSums, 0);
    Arrays.fill(stageMaxima, 0);
    Arrays.fill(clampedAt, 0);
    bands.clear();
    slowest.clear();
    timeline.clear();
    stalls.clear();
    clamped = 0;
    incomplete = 0;
    heldByQuiesce = 0;
    endToEndSum = 0;
    endToEndMax = 0;
    originNanos = nanoTime;
    endNanos = nanoTime;
    recording = true;
  }

  /** Ends the measured part; later requests are not recorded. */
  public void end(long nanoTime) {
    endNanos = nanoTime;
    recording = false;
  }

  /**
   * Begins the flight recording's event of a slot's request, on this thread, where the request
   * begins. Does nothing without a recording of such events.
   *
   * @param slot the request's tag, from 0
   */
  public void spanBegins(int slot) {
    spans.begin(slot);
  }

  /** Ends the event of a slot's request that is done now and recorded later. */
  public void spanEnds(int slot) {
    spans.end(slot);
  }

  /**
   * Records a request that is done.
   *
   * @param lengthBytes length on the disk, 0 for a flush
   * @return why it stalled, if it did and its own stamps tell the cause; else null
   */
  public @Nullable StallCause record(
      Timeline stamps, Operation operation, long offsetBytes, long lengthBytes) {
    return record(RequestSpans.NO_SLOT, stamps, operation, offsetBytes, lengthBytes);
  }

  /**
   * Records a request that is done.
   *
   * @param slot as given to {@link #spanBegins}
   * @param lengthBytes length on the disk, 0 for a flush
   * @return why it stalled, if it did and its own stamps tell the cause; else null
   */
  public @Nullable StallCause record(
      int slot, Timeline stamps, Operation operation, long offsetBytes, long lengthBytes) {
    RequestRecord request = scratch;
    if (!request.set(stamps, device.first(), operation, offsetBytes, lengthBytes)) {
      incomplete += recording ? 1 : 0;
      return null;
    }
    StallCause cause = recording ? add(request) : null;
    spans.commit(slot, request, cause);
    if (recording) {
      scratch = slowest.offer(request);
    }
    return cause;
  }

  private @Nullable StallCause add(RequestRecord request) {
    long whole = request.endToEndNanos();
    Latencies.record(endToEnd, whole);
    endToEndSum += whole;
    endToEndMax = Math.max(endToEndMax, whole);
    long longest = 0;
    for (int i = 0; i < STAMPS.length; i++) {
      if (request.hasStage(STAMPS[i])) {
        long nanos = request.stageNanos(STAMPS[i]);
        Latencies.record(stages[i], nanos);
        stageSums[i] += nanos;
        stageMaxima[i] = Math.max(stageMaxima[i], nanos);
        longest = Math.max(longest, nanos);
      }
    }
    bands.add(request);
    timeline.add(request.endNanos() - originNanos, whole);
    if (request.clamped() != 0) {
      countClamped(request.clamped());
    }
    return longest > thresholdNanos ? stalls.add(device, request, thresholdNanos) : null;
  }

  private void countClamped(int stations) {
    clamped++;
    for (int left = stations; left != 0; left &= left - 1) {
      clampedAt[Integer.numberOfTrailingZeros(left)]++;
    }
  }

  /** The device that the requests go through. */
  public TracedDevice device() {
    return device;
  }

  /** The threads that did the requests. */
  PathThreads threads() {
    return threads;
  }

  /** How many requests were recorded. */
  public long requests() {
    return endToEnd.getTotalCount();
  }

  /** How many requests had stamps out of order. */
  public long clampedRequests() {
    return clamped;
  }

  /** How many requests had a station's stamp out of order. */
  public long clampedAt(Stamp stamp) {
    return clampedAt[stamp.index()];
  }

  /** How many requests passed fewer than two stations and could not be recorded. */
  public long incompleteRequests() {
    return incomplete;
  }

  /** Counts a request that waited for a quiesced server. The writer's thread. */
  public void countHeldByQuiesce() {
    heldByQuiesce += recording ? 1 : 0;
  }

  /** How many requests waited for a quiesced server; that wait is no part of their stages. */
  public long heldByQuiesce() {
    return heldByQuiesce;
  }

  /** When the measured part began. */
  long originNanos() {
    return originNanos;
  }

  /** When the measured part ended. */
  long endNanos() {
    return endNanos;
  }

  long thresholdNanos() {
    return thresholdNanos;
  }

  Histogram endToEnd() {
    return endToEnd;
  }

  long endToEndSumNanos() {
    return endToEndSum;
  }

  long endToEndMaxNanos() {
    return endToEndMax;
  }

  /** The durations of the stage that ends at a stamp. */
  Histogram stage(Stamp end) {
    return stages[end.index()];
  }

  long stageSumNanos(Stamp end) {
    return stageSums[end.index()];
  }

  long stageMaxNanos(Stamp end) {
    return stageMaxima[end.index()];
  }

  PercentileBands bands() {
    return bands;
  }

  SlowestRequests slowest() {
    return slowest;
  }

  LatencyHistory timeline() {
    return timeline;
  }

  StallLog stalls() {
    return stalls;
  }
}
