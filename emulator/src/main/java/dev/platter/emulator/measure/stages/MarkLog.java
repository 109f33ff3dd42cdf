package dev.platter.emulator.measure.stages;

import java.util.ArrayList;
import java.util.List;

/**
 * Moments that a time line of latencies marks, such as the ticks of a timer: those of one source,
 * with one writer, and read when it is done. Keeps the first {@value #CAPACITY}; adding allocates
 * nothing.
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
   * @param kind what the JSON calls such a mark: {@code timer}
   * @param detail one short phrase for people
   */
  public MarkLog(String kind, String detail) {
    this.kind = kind;
    this.detail = detail;
  }

  /** Marks a moment on the clock of {@link System#nanoTime}, and how long it lasted. */
  public void add(long nanoTime, long durationNanos) {
    if (count == CAPACITY) {
      omitted++;
      return;
    }
    atNanos[count] = nanoTime;
    durations[count] = durationNanos;
    count++;
  }

  /** How many came after the log was full. */
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
