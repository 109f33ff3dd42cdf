package dev.platter.emulator.measure.workload;

/**
 * Requests that a run has left in flight because the disk did not answer in time.
 *
 * @param requests how many requests
 * @param sinceNanos when the oldest was submitted, by {@link System#nanoTime}
 * @param untilNanos when the run stopped waiting for them, by the same clock
 */
public record UnansweredRequests(int requests, long sinceNanos, long untilNanos) {
  /** How long the oldest has been in flight, in nanoseconds. */
  public long ageNanos() {
    return untilNanos - sinceNanos;
  }

  /** The same with more time gone by. */
  UnansweredRequests until(long nanos) {
    return new UnansweredRequests(requests, sinceNanos, nanos);
  }
}
