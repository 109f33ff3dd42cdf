package dev.platter.emulator.measure.stages;

import java.util.ArrayList;
import java.util.List;

/**
 * Moments of one source that are marked on a time line of latencies, such as the ticks of a timer.
 * One thread writes, and others read when it is done. Keeps the first {@value #CAPACITY} moments;
 * adding allocates nothing.
 */
public final class MarkLog {
  /** How many are kept. */
  public static final int CAPACITY = 256;

  private final String kind;
  private final String detail;
  private final long[] atNanos = new long[CAPACITY];
  private final long[] durations = new long[CAPACITY];
  private int count;
  private long omitted;

  /**
   * An empty log.
   *
   * @param kind the kind of mark in the JSON, such as {@code timer}
   * @param detail one short phrase for people
   */
  public MarkLog(String kind, String detail) {
    this.kind = kind;
    this.detail = detail;
  }

  /** Marks a moment, or a stretch of time, on the clock of {@link System#nanoTime}. */
  public void add(long nanoTime, long durationNanos) {
    if (count == CAPACITY) {
      omitted++;
      return;
    }
    atNanos[count] = nanoTime;
    durations[count] = durationNanos;
    count++;
  }

  /** How many moments came after the log was full. */
  public long omitted() {
    return omitted;
  }

  List<TimelineMark> marks() {
    List<TimelineMark> marks = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      marks.add(new TimelineMark(kind, atNanos[i], durations[i], detail));
    }
    return marks;
  }
}
