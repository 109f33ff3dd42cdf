package dev.platter.emulator.measure.stages;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Makes pauses of the flight recorder's separate events: begin, end and operations of a safepoint,
 * and pauses of a collection. A safepoint during which a collection paused counts as that
 * collection's pause.
 */
final class SafepointLog {
  /** A time on the flight recorder's clock, in nanoseconds. */
  record Interval(long from, long to) {
    boolean overlaps(Interval other) {
      return from <= other.to && other.from <= to;
    }
  }

  private record Collected(int id, Interval interval) {}

  private final Map<Long, Interval> begun = new HashMap<>();
  private final Map<Long, Interval> ended = new HashMap<>();
  private final Map<Long, List<String>> operations = new HashMap<>();
  private final List<Collected> collectorPauses = new ArrayList<>();
  private final Map<Integer, String> collections = new HashMap<>();

  /** A safepoint began: from the order to stop until all threads had stopped. */
  void begins(long safepoint, Interval interval) {
    begun.put(safepoint, interval);
  }

  /** A safepoint ended: threads were let go. */
  void ends(long safepoint, Interval interval) {
    ended.put(safepoint, interval);
  }

  /** An operation ran at a safepoint. */
  void operation(long safepoint, String name) {
    operations.computeIfAbsent(safepoint, key -> new ArrayList<>()).add(name);
  }

  /** A collection stopped the threads. */
  void collectorPause(int collection, Interval interval) {
    collectorPauses.add(new Collected(collection, interval));
  }

  /** The kind of a collection and its reason. */
  void collection(int collection, String description) {
    collections.put(collection, description);
  }

  /** The pauses, in the order of time. */
  List<JvmPause> pauses(ClockMap map) {
    List<JvmPause> pauses = new ArrayList<>();
    List<Collected> unmatched = new ArrayList<>(collectorPauses);
    begun.forEach((id, begin) -> {
      Interval end = ended.getOrDefault(id, begin);
      Interval whole = new Interval(begin.from, Math.max(begin.to, end.to));
      List<Collected> inside =
          collectorPauses.stream().filter(pause -> pause.interval.overlaps(whole)).toList();
      unmatched.removeAll(inside);
      pauses.add(
          inside.isEmpty()
              ? pause("safepoint", whole, operationsAt(id), map)
              : pause("gc", whole, describe(inside.stream()), map));
    });
    for (Collected pause : unmatched) {
      pauses.add(pause("gc", pause.interval, describe(Stream.of(pause)), map));
    }
    pauses.sort(
        Comparator.comparingLong(pause -> pause.beginNanos() - pauses.getFirst().beginNanos()));
    return List.copyOf(pauses);
  }

  private String operationsAt(long safepoint) {
    List<String> names = operations.getOrDefault(safepoint, List.of());
    return names.isEmpty() ? "safepoint" : String.join(", ", names);
  }

  private String describe(Stream<Collected> pauses) {
    return pauses
        .map(pause -> collections.getOrDefault(pause.id, "garbage collection"))
        .distinct()
        .collect(Collectors.joining("; "));
  }

  private static JvmPause pause(String kind, Interval interval, String detail, ClockMap map) {
    return new JvmPause(kind, map.nanoTime(interval.from), map.nanoTime(interval.to), detail);
  }
}
