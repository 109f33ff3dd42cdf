package dev.platter.emulator.lab.iowait;

import dev.platter.emulator.lab.RankTest;
import dev.platter.emulator.lab.Verdict;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/** The windows of a run, and the conclusions from them. Shares are fractions of a window's time. */
final class IowaitResults {
  /** The smallest increase that counts as a finding. */
  static final double NOTICEABLE = 0.05;

  /** Error allowed for all counters together: the chance that any one of them is wrong. */
  private static final double FAMILY_ERROR = 0.05;

  private static final double ERROR_EACH = FAMILY_ERROR / StallCounter.values().length;

  /** What a counter says about the bare ring. */
  enum Says {
    /** The wait counts as I/O after one request, and did not before. */
    COUNTS,
    /** The wait does not count as I/O. */
    DOES_NOT,
    /** The counter does not even show real I/O. */
    DEAD,
    /** Other activity hides the answer. */
    UNCLEAR
  }

  private final Map<IowaitCase, List<StallReading.Window>> windows =
      new EnumMap<>(IowaitCase.class);

  /** Adds a window in which {@code what} waited. */
  void add(IowaitCase what, StallReading.Window window) {
    windows.computeIfAbsent(what, key -> new ArrayList<>()).add(window);
  }

  /** The windows of a case, in order. */
  List<StallReading.Window> windows(IowaitCase what) {
    return windows.getOrDefault(what, List.of());
  }

  /** Whether a case was measured. */
  boolean has(IowaitCase what) {
    return !windows(what).isEmpty();
  }

  /** The counters that were read in every window. */
  Set<StallCounter> counters() {
    EnumSet<StallCounter> all = EnumSet.allOf(StallCounter.class);
    windows.values().forEach(some -> some.forEach(one -> all.retainAll(one.shares().keySet())));
    return windows.isEmpty() ? EnumSet.noneOf(StallCounter.class) : all;
  }

  /**
   * The median of a case's windows, which bursts of other I/O in some windows do not change; null
   * if the case was not measured or the counter not read.
   */
  @Nullable Double share(IowaitCase what, StallCounter counter) {
    List<Double> shares = new ArrayList<>();
    for (StallReading.Window window : windows(what)) {
      Double share = window.shares().get(counter);
      if (share == null) {
        return null;
      }
      shares.add(share);
    }
    return shares.isEmpty() ? null : median(shares);
  }

  private static double median(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }

  /** The increase of a case over the baseline, perhaps negative; null where either is missing. */
  @Nullable Double added(IowaitCase what, StallCounter counter) {
    Double share = share(what, counter);
    Double baseline = share(IowaitCase.NOTHING, counter);
    return share == null || baseline == null ? null : share - baseline;
  }

  /**
   * The distance of the baseline's windows from their median, which shows other activity of the
   * host.
   */
  double noise(StallCounter counter) {
    Double middle = share(IowaitCase.NOTHING, counter);
    if (middle == null) {
      return 0;
    }
    List<Double> distances = new ArrayList<>();
    for (StallReading.Window window : windows(IowaitCase.NOTHING)) {
      distances.add(Math.abs(window.shares().getOrDefault(counter, 0.0) - middle));
    }
    return median(distances);
  }

  /** Whether a case certainly adds a noticeable amount. */
  boolean rises(IowaitCase what, StallCounter counter) {
    return isAbove(shares(what, counter, -NOTICEABLE), shares(IowaitCase.NOTHING, counter, 0));
  }

  /** Tests one side: lower windows prove as little as equal windows. */
  private static boolean isAbove(double[] windows, double[] others) {
    return RankTest.probabilityAbove(windows, others) <= ERROR_EACH;
  }

  /** The windows in which the bare ring had no request yet. */
  private double[] control(StallCounter counter, double more) {
    return DoubleStream.concat(
            DoubleStream.of(shares(IowaitCase.NOTHING, counter, more)),
            DoubleStream.of(shares(IowaitCase.BEFORE, counter, more)))
        .toArray();
  }

  /** A case's shares, window by window, each with an addend. */
  private double[] shares(IowaitCase what, StallCounter counter, double more) {
    return windows(what).stream()
        .mapToDouble(window -> window.shares().getOrDefault(counter, 0.0) + more)
        .toArray();
  }

  /** What a counter says about the bare ring. */
  Says says(StallCounter counter) {
    Double before = added(IowaitCase.BEFORE, counter);
    Double after = added(IowaitCase.AFTER, counter);
    if (before == null || after == null) {
      return Says.UNCLEAR;
    }
    boolean adds = isAbove(shares(IowaitCase.AFTER, counter, -NOTICEABLE), control(counter, 0));
    if (adds && after >= NOTICEABLE && after >= 2 * before) {
      return Says.COUNTS;
    }
    if (isAbove(control(counter, NOTICEABLE), shares(IowaitCase.AFTER, counter, 0))) {
      boolean alive = rises(IowaitCase.PREADS, counter) || rises(IowaitCase.READS, counter);
      return alive ? Says.DOES_NOT : Says.DEAD;
    }
    return Says.UNCLEAR;
  }

  /** The answer of all counters together. */
  Verdict verdict() {
    Set<Says> said = EnumSet.noneOf(Says.class);
    for (StallCounter counter : counters()) {
      said.add(says(counter));
    }
    if (said.isEmpty()) {
      return windows.isEmpty() ? Verdict.INCONCLUSIVE : Verdict.NOT_POSSIBLE;
    }
    if (said.contains(Says.COUNTS)) {
      return Verdict.AFFECTED;
    }
    // All counters show the same fact of a task, each with weaknesses of its own, so one of them is
    // enough.
    return said.contains(Says.DOES_NOT) ? Verdict.NOT_AFFECTED : Verdict.INCONCLUSIVE;
  }

  /** Seconds of iowait of all windows of a case, by CPU. */
  SortedMap<Integer, Double> iowaitByCpu(IowaitCase what) {
    SortedMap<Integer, Double> sum = new TreeMap<>();
    for (StallReading.Window window : windows(what)) {
      window.iowaitSeconds().forEach((cpu, seconds) -> sum.merge(cpu, seconds, Double::sum));
    }
    return sum;
  }
}
