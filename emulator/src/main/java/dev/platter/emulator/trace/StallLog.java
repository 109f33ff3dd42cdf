package dev.platter.emulator.trace;

import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline.Wake;
import dev.platter.emulator.trace.StallJudge.Stall;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The requests that had a stage beyond the threshold. The first {@value #CAPACITY} are kept, to be
 * judged when the whole run is known; of later ones only those with a known cause are counted, by
 * it. Adding allocates nothing.
 */
final class StallLog {
  /** How many are kept. */
  static final int CAPACITY = 4096;

  private static final StallCause[] CAUSES = StallCause.values();

  /** Stalls of one cause that are only counted. */
  private static final class Later {
    long count;
    long nanos;
    long maxNanos;
  }

  private final @Nullable Stamp[] longestStage = new @Nullable Stamp[CAPACITY];
  private final long[] longestBegin = new long[CAPACITY];
  private final long[] longestNanos = new long[CAPACITY];
  private final @Nullable StallCause[] causes = new @Nullable StallCause[CAPACITY];
  private final @Nullable Stamp[] blamedStage = new @Nullable Stamp[CAPACITY];
  private final long[] blamedBegin = new long[CAPACITY];
  private final long[] blamedNanos = new long[CAPACITY];
  private final Wake[] wakes = new Wake[CAPACITY];
  private final @Nullable String[] holders = new @Nullable String[CAPACITY];
  private final EnumMap<StallCause, Later> later = new EnumMap<>(StallCause.class);
  private int count;
  private long uncertain;

  StallLog() {
    for (StallCause cause : CAUSES) {
      later.put(cause, new Later());
    }
    clear();
  }

  void clear() {
    count = 0;
    uncertain = 0;
    Arrays.fill(wakes, Wake.NONE);
    Arrays.fill(holders, null);
    for (StallCause cause : CAUSES) {
      Later group = later(cause);
      group.count = 0;
      group.nanos = 0;
      group.maxNanos = 0;
    }
  }

  private Later later(StallCause cause) {
    return Objects.requireNonNull(later.get(cause));
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
    Stamp blamed = StallJudge.blamedStage(device, request, thresholdNanos);
    StallCause cause = blamed == null ? null : StallJudge.causeOf(device, request, blamed);
    if (count == CAPACITY) {
      uncertain++;
      if (blamed != null && cause != null) {
        addLater(cause, request.stageNanos(blamed));
      }
      return cause;
    }
    longestStage[count] = longest;
    longestBegin[count] = request.stageBeginNanos(longest);
    longestNanos[count] = request.stageNanos(longest);
    causes[count] = cause;
    blamedStage[count] = blamed;
    if (blamed != null) {
      blamedBegin[count] = request.stageBeginNanos(blamed);
      blamedNanos[count] = request.stageNanos(blamed);
    }
    wakes[count] = request.wake();
    holders[count] = request.lockHolder();
    count++;
    return cause;
  }

  private void addLater(StallCause cause, long nanos) {
    Later group = later(cause);
    group.count++;
    group.nanos += nanos;
    group.maxNanos = Math.max(group.maxNanos, nanos);
  }

  /** How many are kept. */
  int count() {
    return count;
  }

  /** How many were not kept, so that no pause of the JVM can be found to be their cause. */
  long uncertain() {
    return uncertain;
  }

  /** The final word on one that is kept; null if it did not stall. */
  @Nullable Stall judge(int index, Observations seen) {
    Stamp stage = Objects.requireNonNull(longestStage[index]);
    Stall longest = new Stall(StallCause.GC_PAUSE, stage, longestBegin[index], longestNanos[index]);
    StallCause cause = causes[index];
    Stamp blamed = blamedStage[index];
    Stall known =
        cause == null || blamed == null
            ? null
            : new Stall(cause, blamed, blamedBegin[index], blamedNanos[index]);
    return StallJudge.judge(longest, known, seen);
  }

  /** What woke the loop that one that is kept waited for. */
  Wake wake(int index) {
    return wakes[index];
  }

  /** Who had the big lock when one that is kept asked for it, or null. */
  @Nullable String holder(int index) {
    return holders[index];
  }

  /** How many that are not kept stalled for a cause. */
  long laterCount(StallCause cause) {
    return later(cause).count;
  }

  /** How long they stalled in all. */
  long laterNanos(StallCause cause) {
    return later(cause).nanos;
  }

  /** How long the worst of them stalled. */
  long laterMaxNanos(StallCause cause) {
    return later(cause).maxNanos;
  }
}
