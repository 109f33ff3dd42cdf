package dev.platter.emulator.measure.stages;

import dev.platter.emulator.measure.stages.StallJudge.Stall;
import dev.platter.emulator.result.document.RequestStages;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** One run's time line of latencies and its marks, as the JSON has it. */
final class TimelineReport {
  /** How many marks of a kind are listed; the longest are chosen. */
  static final int MARKS_OF_A_KIND = 256;

  private TimelineReport() {}

  static RequestStages.RunTimeline of(StageRun run, List<Stall> stalls, Observations seen) {
    long origin = run.recorders().getFirst().originNanos();
    long duration = run.recorders().getFirst().endNanos() - origin;
    LatencyHistory all = new LatencyHistory();
    run.recorders().forEach(recorder -> all.add(recorder.timeline()));
    List<TimelineMark> marks = new ArrayList<>();
    long omitted = 0;
    for (List<TimelineMark> kind : List.of(pauses(seen, origin, duration), stallMarks(stalls))) {
      kind.sort(Comparator.comparingLong(TimelineMark::durationNanos).reversed());
      List<TimelineMark> kept = kind.subList(0, Math.min(kind.size(), MARKS_OF_A_KIND));
      marks.addAll(kept);
      omitted += kind.size() - kept.size();
    }
    for (MarkLog log : run.marks()) {
      log.marks().stream()
          .filter(mark -> within(mark.beginNanos(), mark.durationNanos(), origin, duration))
          .forEach(marks::add);
      omitted += log.omitted();
    }
    marks.sort(Comparator.comparingLong(mark -> mark.beginNanos() - origin));
    return new RequestStages.RunTimeline(
        run.number(),
        all.widthNanos() / 1000,
        StageReport.micros((double) duration),
        buckets(all),
        marks.stream()
            .map(mark ->
                new RequestStages.MarkedTime(
                    mark.kind(),
                    StageReport.micros((double) (mark.beginNanos() - origin)),
                    StageReport.micros((double) mark.durationNanos()),
                    mark.detail()))
            .toList(),
        omitted);
  }

  private static boolean within(long begin, long nanos, long origin, long duration) {
    return begin - origin < duration && begin - origin + nanos >= 0;
  }

  private static List<RequestStages.Bucket> buckets(LatencyHistory timeline) {
    List<RequestStages.Bucket> buckets = new ArrayList<>();
    for (int i = 0; i < timeline.used(); i++) {
      long count = timeline.count(i);
      if (count > 0) {
        buckets.add(
            new RequestStages.Bucket(
                i * timeline.widthNanos() / 1000,
                count,
                StageReport.micros((double) timeline.maxNanos(i)),
                StageReport.micros((double) timeline.sumNanos(i) / count)));
      }
    }
    return buckets;
  }

  private static List<TimelineMark> pauses(Observations seen, long origin, long duration) {
    List<TimelineMark> marks = new ArrayList<>();
    for (JvmPause pause : seen.pauses()) {
      if (within(pause.beginNanos(), pause.nanos(), origin, duration)) {
        marks.add(
            new TimelineMark(pause.kind(), pause.beginNanos(), pause.nanos(), pause.detail()));
      }
    }
    return marks;
  }

  /** One mark for all requests that waited at the same time for the same reason. */
  private static List<TimelineMark> stallMarks(List<Stall> stalls) {
    List<TimelineMark> marks = new ArrayList<>();
    if (stalls.isEmpty()) {
      return marks;
    }
    long origin = stalls.getFirst().beginNanos();
    for (StallCause cause : StallCause.values()) {
      List<Stall> ofCause =
          stalls.stream()
              .filter(stall -> stall.cause() == cause)
              .sorted(Comparator.comparingLong(stall -> stall.beginNanos() - origin))
              .toList();
      int from = 0;
      while (from < ofCause.size()) {
        long begin = ofCause.get(from).beginNanos();
        long length = 0;
        int to = from;
        while (to < ofCause.size() && ofCause.get(to).beginNanos() - begin <= length) {
          Stall stall = ofCause.get(to);
          length = Math.max(length, stall.beginNanos() - begin + stall.nanos());
          to++;
        }
        int requests = to - from;
        marks.add(
            new TimelineMark(
                "stall",
                begin,
                length,
                (requests == 1 ? "1 request: " : requests + " requests: ")
                    + StallText.phrase(cause)));
        from = to;
      }
    }
    return marks;
  }
}
