package dev.platter.emulator.measure.stages;

import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline.Wake;
import dev.platter.emulator.measure.stages.StallJudge.Stall;
import dev.platter.emulator.result.document.RequestStages;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The stalls of several recorders by cause, judged with the observations.
 *
 * <p>Requests beyond those that a {@link StallLog} keeps are counted by the cause that was known
 * when they were recorded; they are not compared with pauses of the JVM and waits for a CPU.
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

    double totalMicros() {
      return StageReport.micros((double) totalNanos);
    }

    double maxMicros() {
      return StageReport.micros((double) maxNanos);
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
   * @param threads the threads that carried out its requests
   * @return the stalls of kept requests
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

  /** How many requests with a long stage were not compared with pauses of the JVM. */
  long unmatched() {
    return unmatched;
  }

  /** By cause, the cause that cost most first. */
  List<RequestStages.Stalls> byCause() {
    return costliestFirst(groups)
        .map(entry -> {
          Group group = entry.getValue();
          return new RequestStages.Stalls(
              entry.getKey().toString(),
              group.requests,
              group.totalMicros(),
              group.maxMicros(),
              StallText.what(entry.getKey(), device, group.wakes, group.holders));
        })
        .toList();
  }

  /** Long stages without a known cause, the stage that cost most first. */
  List<RequestStages.Unexplained> unexplained() {
    return costliestFirst(unexplained)
        .map(entry -> {
          Group group = entry.getValue();
          return new RequestStages.Unexplained(
              entry.getKey().stage(), group.requests, group.totalMicros(), group.maxMicros());
        })
        .toList();
  }

  private static <K> Stream<Map.Entry<K, Group>> costliestFirst(Map<K, Group> groups) {
    return groups.entrySet().stream()
        .sorted(
            Comparator.comparingLong((Map.Entry<K, Group> entry) -> entry.getValue().totalNanos)
                .reversed());
  }
}
