package dev.platter.emulator.measure.stages;

import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline.Wake;
import dev.platter.emulator.measure.stages.StallJudge.Stall;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The stalls of several recorders, judged with what was observed, by cause.
 *
 * <p>Requests beyond those that a {@link StallLog} keeps are counted by the cause that was known
 * when they were recorded: no pause of the JVM and no wait for a CPU is found to be the cause of
 * theirs.
 */
final class StallSummary {
  private static final class Group {
    long requests;
    long totalNanos;
    long maxNanos;
    final Map<Wake, Long> wakes = new EnumMap<>(Wake.class);
    final Map<String, Long> holders = new TreeMap<>();

    void add(long count, long nanos, long max) {
      requests += count;
      totalNanos += nanos;
      maxNanos = Math.max(maxNanos, max);
    }
  }

  private final TracedDevice device;
  private final Map<StallCause, Group> groups = new EnumMap<>(StallCause.class);
  private final Map<Stamp, Group> unexplained = new EnumMap<>(Stamp.class);
  private long unmatched;

  StallSummary(TracedDevice device) {
    this.device = device;
  }

  /**
   * Adds a recorder's stalls.
   *
   * @param threads those that did its requests
   * @return those that are known one by one
   */
  List<Stall> add(StallLog log, PathThreads threads, Observations seen) {
    List<Stall> stalls = new ArrayList<>();
    for (int i = 0; i < log.count(); i++) {
      Stall stall = log.judge(i, device, threads, seen);
      if (stall == null) {
        unexplained(log.stage(i)).add(1, log.nanos(i), log.nanos(i));
      } else {
        stalls.add(stall);
        Group group = group(stall.cause());
        group.add(1, stall.nanos(), stall.nanos());
        group.wakes.merge(log.wake(i), 1L, Long::sum);
        String holder = log.holder(i);
        if (holder != null) {
          group.holders.merge(holder, 1L, Long::sum);
        }
      }
    }
    for (StallCause cause : StallCause.values()) {
      StallLog.Later later = log.later(cause);
      if (later.count() > 0) {
        group(cause).add(later.count(), later.nanos(), later.maxNanos());
      }
    }
    for (Stamp stage : Stamp.values()) {
      StallLog.Later later = log.laterUnexplained(stage);
      if (later.count() > 0) {
        unexplained(stage).add(later.count(), later.nanos(), later.maxNanos());
      }
    }
    unmatched += log.uncertain();
    return stalls;
  }

  private Group group(StallCause cause) {
    return groups.computeIfAbsent(cause, key -> new Group());
  }

  private Group unexplained(Stamp stage) {
    return unexplained.computeIfAbsent(stage, key -> new Group());
  }

  /** How many requests with a long stage were not matched with pauses of the JVM. */
  long unmatched() {
    return unmatched;
  }

  /** As the JSON has it, the cause that cost most first. */
  List<Map<String, @Nullable Object>> toList() {
    return groups.entrySet().stream()
        .sorted(
            Comparator.comparingLong(
                    (Map.Entry<StallCause, Group> entry) -> entry.getValue().totalNanos)
                .reversed())
        .map(entry -> toMap(entry.getKey(), entry.getValue()))
        .toList();
  }

  /** Long stages without a known cause, as the JSON has them, the stage that cost most first. */
  List<Map<String, @Nullable Object>> unexplained() {
    return unexplained.entrySet().stream()
        .sorted(
            Comparator.comparingLong((Map.Entry<Stamp, Group> entry) -> entry.getValue().totalNanos)
                .reversed())
        .map(entry -> {
          Map<String, @Nullable Object> map = new LinkedHashMap<>();
          map.put("stage", entry.getKey().stage());
          putTimes(map, entry.getValue());
          return map;
        })
        .toList();
  }

  private static void putTimes(Map<String, @Nullable Object> map, Group group) {
    map.put("requests", group.requests);
    map.put("total_us", StageReport.micros((double) group.totalNanos));
    map.put("max_us", StageReport.micros((double) group.maxNanos));
  }

  private Map<String, @Nullable Object> toMap(StallCause cause, Group group) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("cause", cause.toString());
    putTimes(map, group);
    map.put("what", StallText.what(cause, device, group.wakes, group.holders));
    return map;
  }
}
