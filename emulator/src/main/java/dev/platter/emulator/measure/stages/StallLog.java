package dev.platter.emulator.measure.stages;

import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline.Wake;
import dev.platter.emulator.measure.stages.StallJudge.Stall;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The requests that had a stage beyond the threshold. The first {@value #CAPACITY} are kept and
 * judged when the run is over. Later requests are only counted, by their cause or, if that is
 * unknown, by their stage. Adding allocates nothing.
 */
final class StallLog {
  /** How many are kept. */
  static final int CAPACITY = 4096;

  private static final StallCause[] CAUSES = StallCause.values();

  /** Requests that are only counted. */
  static final class Later {
    private long count;
    private long nanos;
    private long maxNanos;

    private void add(long stageNanos) {
      count++;
      nanos += stageNanos;
      maxNanos = Math.max(maxNanos, stageNanos);
    }

    private void clear() {
      count = 0;
      nanos = 0;
      maxNanos = 0;
    }

    /** How many. */
    long count() {
      return count;
    }

    /** How long their stages took in all. */
    long nanos() {
      return nanos;
    }

    /** How long the longest of their stages took. */
    long maxNanos() {
      return maxNanos;
    }
  }

  private final @Nullable Stamp[] stages = new @Nullable Stamp[CAPACITY];
  private final long[] begins = new long[CAPACITY];
  private final long[] durations = new long[CAPACITY];
  private final @Nullable StallCause[] causes = new @Nullable StallCause[CAPACITY];
  private final Wake[] wakes = new Wake[CAPACITY];
  private final @Nullable String[] holders = new @Nullable String[CAPACITY];
  private final EnumMap<StallCause, Later> later = new EnumMap<>(StallCause.class);
  private final Later[] laterUnexplained = new Later[Stamp.COUNT];
  private int count;
  private long uncertain;

  StallLog() {
    for (StallCause cause : CAUSES) {
      later.put(cause, new Later());
    }
    Arrays.setAll(laterUnexplained, _ -> new Later());
    clear();
  }

  void clear() {
    count = 0;
    uncertain = 0;
    Arrays.fill(wakes, Wake.NONE);
    Arrays.fill(holders, null);
    for (StallCause cause : CAUSES) {
      later(cause).clear();
    }
    for (Later group : laterUnexplained) {
      group.clear();
    }
  }

  /**
   * Adds a request if it has a stage beyond the threshold.
   *
   * @return the cause as far as it is known now, or null
   */
  @Nullable StallCause add(TracedDevice device, RequestRecord request, long thresholdNanos) {
    Stamp longest = StallJudge.longestStage(request, thresholdNanos);
    if (longest == null) {
      return null;
    }
    StallCause cause = StallJudge.causeOf(device, request, longest);
    long nanos = request.stageNanos(longest);
    if (count == CAPACITY) {
      uncertain++;
      if (cause == null) {
        laterUnexplained[longest.index()].add(nanos);
      } else {
        later(cause).add(nanos);
      }
      return cause;
    }
    stages[count] = longest;
    begins[count] = request.stageBeginNanos(longest);
    durations[count] = nanos;
    causes[count] = cause;
    wakes[count] = request.wake();
    holders[count] = request.lockHolder();
    count++;
    return cause;
  }

  /** How many are kept. */
  int count() {
    return count;
  }

  /** How many requests were not kept, and so cannot be compared with pauses of the JVM. */
  long uncertain() {
    return uncertain;
  }

  /** The longest stage of a kept request. */
  Stamp stage(int index) {
    return Objects.requireNonNull(stages[index]);
  }

  /** How long that stage took. */
  long nanos(int index) {
    return durations[index];
  }

  /** The final judgement on a kept request; null if its cause is unknown. */
  @Nullable Stall judge(int index, TracedDevice device, PathThreads threads, Observations seen) {
    Stamp stage = stage(index);
    return StallJudge.judge(
        stage, begins[index], durations[index], causes[index], threads.of(device, stage), seen);
  }

  /** The event that woke the loop of a kept request. */
  Wake wake(int index) {
    return wakes[index];
  }

  /** The thread that had the big lock when a kept request needed it, or null. */
  @Nullable String holder(int index) {
    return holders[index];
  }

  /** The requests that are not kept and stalled for a cause. */
  Later later(StallCause cause) {
    return Objects.requireNonNull(later.get(cause));
  }

  /** The requests that are not kept, whose longest stage ends at a stamp and has no known cause. */
  Later laterUnexplained(Stamp stage) {
    return laterUnexplained[stage.index()];
  }
}
