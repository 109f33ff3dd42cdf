package dev.platter.emulator.measure.stages;

import dev.platter.aio.trace.Stamp;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.HdrHistogram.Histogram;

/** The merged recorders of several runs and threads. */
final class StageMerge {
  /**
   * One of the slowest requests.
   *
   * @param originNanos when its run's measured part began
   * @param threads the threads that carried it out
   */
  record Slow(int run, long originNanos, RequestRecord request, PathThreads threads) {}

  private final Histogram endToEnd = Latencies.newHistogram();
  private final PercentileBands bands = new PercentileBands();
  private final List<StageRecorder> recorders = new ArrayList<>();
  private final List<Slow> slow = new ArrayList<>();

  StageMerge(List<StageRun> runs) {
    for (StageRun run : runs) {
      for (StageRecorder recorder : run.recorders()) {
        recorders.add(recorder);
        endToEnd.add(recorder.endToEnd());
        bands.add(recorder.bands());
        for (RequestRecord request : recorder.slowest().slowestFirst()) {
          slow.add(new Slow(run.number(), recorder.originNanos(), request, recorder.threads()));
        }
      }
    }
    slow.sort(Comparator.comparingLong((Slow s) -> s.request().endToEndNanos()).reversed());
  }

  Histogram endToEnd() {
    return endToEnd;
  }

  PercentileBands bands() {
    return bands;
  }

  long endToEndMaxNanos() {
    return recorders.stream().mapToLong(StageRecorder::endToEndMaxNanos).max().orElse(0);
  }

  double endToEndSumNanos() {
    return recorders.stream().mapToDouble(r -> (double) r.endToEndSumNanos()).sum();
  }

  /** The durations of the stage that ends at a stamp. */
  Histogram stage(Stamp end) {
    Histogram all = Latencies.newHistogram();
    recorders.forEach(recorder -> all.add(recorder.stage(end)));
    return all;
  }

  long stageMaxNanos(Stamp end) {
    return recorders.stream().mapToLong(r -> r.stageMaxNanos(end)).max().orElse(0);
  }

  double stageSumNanos(Stamp end) {
    return recorders.stream().mapToDouble(r -> (double) r.stageSumNanos(end)).sum();
  }

  long clampedRequests() {
    return recorders.stream().mapToLong(StageRecorder::clampedRequests).sum();
  }

  long clampedAt(Stamp stamp) {
    return recorders.stream().mapToLong(r -> r.clampedAt(stamp)).sum();
  }

  long incompleteRequests() {
    return recorders.stream().mapToLong(StageRecorder::incompleteRequests).sum();
  }

  long heldByQuiesce() {
    return recorders.stream().mapToLong(StageRecorder::heldByQuiesce).sum();
  }

  /** The slowest requests of all, slowest first. */
  List<Slow> slowest() {
    return slow.subList(0, Math.min(slow.size(), SlowestRequests.CAPACITY));
  }
}
